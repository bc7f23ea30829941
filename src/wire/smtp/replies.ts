/**
 * Every reply of our SMTP server that has a fixed text: code, enhanced code (RFC 3463) and what the person at the other
 * end should understand. Texts name no secret and nothing of other users.
 */
import type { SmtpReply } from './reply.ts';

function reply(code: number, enhanced: string, text: string): SmtpReply {
  return { code, enhanced, text };
}

export const REPLIES = {
  ok: reply(250, '2.0.0', 'Ok'),
  bye: reply(221, '2.0.0', 'Bye'),
  senderOk: reply(250, '2.1.0', 'Ok'),
  recipientOk: reply(250, '2.1.5', 'Ok'),
  startData: { code: 354, text: 'End data with <CR><LF>.<CR><LF>' },
  startTls: reply(220, '2.0.0', 'Ready to start TLS'),
  loggedIn: reply(235, '2.7.0', 'Authentication successful'),
  cannotVerify: reply(252, '2.5.0', 'Send some mail and I will try to deliver it'),
  help: reply(214, '2.0.0', 'Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS AUTH QUIT'),

  shuttingDown: reply(421, '4.3.2', 'Service shutting down, try again in a minute'),
  timeout: reply(421, '4.4.2', 'Timeout, closing connection'),
  internalError: reply(421, '4.3.0', 'Internal error, try again later'),
  tooManyConnections: reply(421, '4.7.0', 'Too many connections, try again later'),
  idleWhenFull: reply(421, '4.3.2', 'You were idle, and others need the place; try again later'),
  tooManyErrors: reply(421, '4.7.0', 'Too many errors, closing connection'),
  tooManyCommands: reply(421, '4.7.0', 'Too many commands without a message, closing connection'),
  tooManyLogins: reply(421, '4.7.0', 'Too many failed log-ins, closing connection'),
  tooMuchData: reply(552, '5.3.4', 'Message size exceeds the limit by far, closing connection'),
  earlyTalker: reply(554, '5.5.1', 'You spoke before the greeting; wait for 220'),
  improperPipelining: reply(554, '5.5.0', 'Improper pipelining: wait for 354 before sending the message'),
  bareLineEnd: reply(554, '5.5.2', 'A command line must end in CR LF and contain no other CR, LF or NUL'),
  notSmtp: reply(554, '5.5.1', 'This is a mail server'),

  unknownCommand: reply(500, '5.5.2', 'Command not recognized'),
  lineTooLong: reply(500, '5.5.2', 'Line too long'),
  notImplemented: reply(502, '5.5.1', 'Command not implemented'),
  useLhlo: reply(500, '5.5.1', 'This is LMTP, not SMTP; send LHLO'),
  lmtpDenied: reply(554, '5.7.1', 'LMTP is for servers in networks.trusted only'),
  useEhlo: reply(502, '5.5.1', 'This is SMTP, not LMTP; send EHLO'),
  syntax: reply(501, '5.5.4', 'Syntax error in the argument'),
  noArgument: reply(501, '5.5.4', 'This command takes no argument'),
  helloFirst: reply(503, '5.5.1', 'Send EHLO or HELO first'),
  mailFirst: reply(503, '5.5.1', 'Send MAIL first'),
  recipientFirst: reply(503, '5.5.1', 'Send RCPT first'),
  noValidRecipients: reply(554, '5.5.1', 'No valid recipients'),
  nestedMail: reply(503, '5.5.1', 'A transaction is open already; send RSET first'),
  binaryNeedsBdat: reply(503, '5.5.1', 'BODY=BINARYMIME needs BDAT'),
  bdatStarted: reply(503, '5.5.1', 'A BDAT transaction is open; finish it with LAST or send RSET'),
  bdatFailed: reply(503, '5.5.1', 'An earlier BDAT of this message failed; send RSET'),
  tlsActive: reply(503, '5.5.1', 'TLS is active already'),
  tlsNotOffered: reply(502, '5.5.1', 'STARTTLS is not offered here'),
  authNotOffered: reply(503, '5.5.1', 'Authentication is not offered here'),
  authTwice: reply(503, '5.5.1', 'You are logged in already'),
  authInTransaction: reply(503, '5.5.1', 'Not during a mail transaction'),

  tlsFirst: reply(530, '5.7.0', 'Send STARTTLS first'),
  authFirst: reply(530, '5.7.0', 'Authentication required'),
  /** RFC 4954 §6. */
  encryptFirst: reply(538, '5.7.11', 'Encryption required for authentication; send STARTTLS first'),
  unknownMechanism: reply(504, '5.5.4', 'Authentication mechanism not supported'),
  authAborted: reply(501, '5.7.0', 'Authentication aborted'),
  authSyntax: reply(501, '5.5.2', 'Not base64, or not what the mechanism expects'),
  authTooLong: reply(500, '5.5.6', 'Authentication exchange line is too long'),
  authFailed: reply(535, '5.7.8', 'Authentication failed: check user name and password'),
  authTemporary: reply(454, '4.7.0', 'Temporary authentication failure, try again later'),

  badSender: reply(501, '5.1.7', 'Bad sender address; write MAIL FROM:<local@domain>'),
  badRecipient: reply(501, '5.1.3', 'Bad recipient address; write RCPT TO:<local@domain>'),
  needsSmtpUtf8: reply(553, '5.6.7', 'An address with non-ASCII characters needs SMTPUTF8'),
  notYourAddress: reply(553, '5.7.1', 'You may not send as this address'),
  notYourHeader: reply(550, '5.7.1', 'The From or Sender field, or its Resent- twin, holds an address that is not yours'),
  unknownUser: reply(550, '5.1.1', 'No such user here'),
  disabledUser: reply(550, '5.2.1', 'This mailbox is disabled'),
  unverified: reply(450, '4.1.1', 'This address cannot be verified now, try again later'),
  relayDenied: reply(550, '5.7.1', 'Relaying denied'),
  forgedReturnPath: reply(550, '5.7.1', 'This return path was not made here, or was changed on its way'),
  expiredReturnPath: reply(550, '5.1.1', 'This return path has expired'),
  reportsOnly: reply(550, '5.7.1', 'This return path takes delivery reports only, with MAIL FROM:<>'),
  nullRecipient: reply(501, '5.1.3', 'The null address cannot receive mail'),
  tooManyRecipients: reply(452, '4.5.3', 'Too many recipients; send the rest in another transaction'),
  directoryFailed: reply(451, '4.3.0', 'The directory does not answer, try again later'),
  noSpace: reply(452, '4.3.1', 'Insufficient storage, try again later'),
  tooLarge: reply(552, '5.3.4', 'Message size exceeds the limit'),
  headerTooLarge: reply(552, '5.3.4', 'The header of the message is too large'),
  loop: reply(554, '5.4.6', 'Too many hops: the message is in a loop'),
  intakeFailed: reply(451, '4.3.0', 'The message could not be taken, try again later'),

  bareCr: reply(554, '5.6.0', 'The message has a CR without LF; lines must end in CR LF'),
  bareLf: reply(554, '5.6.0', 'The message has a LF without CR; lines must end in CR LF'),
  nul: reply(554, '5.6.0', 'The message has a NUL character'),
  textLineTooLong: reply(554, '5.6.0', 'The message has a line that is far too long'),
} as const satisfies Record<string, SmtpReply>;
