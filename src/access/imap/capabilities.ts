/**
 * What this server says it can (RFC 9051 §6.1.1), in one table. A row is told only where all commands it needs exist, and a test drives each of
 * them over a socket. Those without a condition are told in every state.
 */
import type { CommandRegistry } from './registry.ts';

export interface CapabilityContext {
  readonly loggedIn: boolean;
  readonly canStartTls: boolean;
  readonly plaintextAllowed: boolean;
  readonly isCompressed: boolean;
  /** SASL mechanisms that may be used now. */
  readonly mechanisms: readonly string[];
  readonly messageBytesMax: number;
}

/** RFC 9051 §6.1.1 and the documents named. `needs`: commands without which it would be a lie. */
const ALWAYS: readonly string[] = ['IMAP4rev1', 'IMAP4rev2', 'LITERAL+', 'SASL-IR', 'ID', 'ENABLE'];

const LOGGED_IN: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'NAMESPACE', needs: ['NAMESPACE'] },
  { name: 'CHILDREN', needs: ['LIST'] },
  { name: 'LIST-EXTENDED', needs: ['LIST'] },
  { name: 'LIST-STATUS', needs: ['LIST', 'STATUS'] },
  { name: 'LIST-MYRIGHTS', needs: ['LIST', 'MYRIGHTS'] },
  { name: 'LIST-METADATA', needs: ['LIST', 'GETMETADATA'] },
  { name: 'SPECIAL-USE', needs: ['LIST'] },
  { name: 'CREATE-SPECIAL-USE', needs: ['CREATE'] },
  { name: 'STATUS=SIZE', needs: ['STATUS'] },
  { name: 'MULTIAPPEND', needs: ['APPEND'] },
  { name: 'CATENATE', needs: ['APPEND'] },
  { name: 'QUOTA', needs: ['GETQUOTA', 'GETQUOTAROOT', 'SETQUOTA'] },
  { name: 'QUOTA=RES-STORAGE', needs: ['GETQUOTA'] },
  { name: 'QUOTA=RES-MESSAGE', needs: ['GETQUOTA'] },
  { name: 'ACL', needs: ['GETACL', 'SETACL', 'DELETEACL', 'LISTRIGHTS', 'MYRIGHTS'] },
  { name: 'RIGHTS=kxte', needs: ['SETACL'] },
  { name: 'METADATA', needs: ['GETMETADATA', 'SETMETADATA'] },
  { name: 'METADATA-SERVER', needs: ['GETMETADATA', 'SETMETADATA'] },
  { name: 'UTF8=ACCEPT', needs: ['ENABLE'] },
  { name: 'UNAUTHENTICATE', needs: ['UNAUTHENTICATE'] },
  { name: 'OBJECTID', needs: ['FETCH', 'STATUS', 'SELECT'] },
  { name: 'UIDPLUS', needs: ['UID EXPUNGE', 'COPY', 'APPEND'] },
  { name: 'UNSELECT', needs: ['UNSELECT'] },
  { name: 'IDLE', needs: ['IDLE'] },
  { name: 'MOVE', needs: ['MOVE', 'UID MOVE'] },
  { name: 'CONDSTORE', needs: ['SELECT', 'FETCH', 'STORE', 'SEARCH'] },
  { name: 'QRESYNC', needs: ['SELECT', 'FETCH', 'STORE', 'SEARCH'] },
  { name: 'NOTIFY', needs: ['NOTIFY'] },
  { name: 'UIDONLY', needs: ['UID FETCH', 'UID STORE', 'UID SEARCH', 'UID COPY'] },
  { name: 'REPLACE', needs: ['REPLACE', 'UID REPLACE'] },
  { name: 'BINARY', needs: ['FETCH', 'APPEND'] },
  { name: 'ESEARCH', needs: ['SEARCH', 'UID SEARCH'] },
  { name: 'SEARCHRES', needs: ['SEARCH', 'UID SEARCH'] },
  { name: 'PARTIAL', needs: ['UID FETCH', 'UID SEARCH'] },
  { name: 'WITHIN', needs: ['SEARCH', 'UID SEARCH'] },
  { name: 'SORT', needs: ['SORT', 'UID SORT'] },
  { name: 'SORT=DISPLAY', needs: ['SORT', 'UID SORT'] },
  { name: 'ESORT', needs: ['SORT', 'UID SORT'] },
  { name: 'THREAD=ORDEREDSUBJECT', needs: ['THREAD', 'UID THREAD'] },
  { name: 'THREAD=REFERENCES', needs: ['THREAD', 'UID THREAD'] },
  { name: 'SAVEDATE', needs: ['FETCH', 'SEARCH'] },
  { name: 'PREVIEW', needs: ['FETCH'] },
  { name: 'INPROGRESS', needs: ['SEARCH', 'COPY'] },
];

export function capabilities(commands: CommandRegistry, context: CapabilityContext): string {
  const told = [...ALWAYS];
  if (context.loggedIn) {
    for (const { name, needs } of LOGGED_IN) if (needs.every((command) => commands.has(command))) told.push(name);
    // RFC 7889: one number for every mailbox.
    told.push(`APPENDLIMIT=${context.messageBytesMax}`);
    if (!context.isCompressed) told.push('COMPRESS=DEFLATE');
    return told.join(' ');
  }
  if (context.canStartTls) told.push('STARTTLS');
  // RFC 9051 §6.2.3: nobody is to send a password in the clear.
  if (!context.plaintextAllowed) told.push('LOGINDISABLED');
  for (const mechanism of context.mechanisms) told.push(`AUTH=${mechanism}`);
  return told.join(' ');
}
