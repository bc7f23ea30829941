/** Lines that tell of trouble of the server itself: warnings, fatal errors, guessed passwords. */
import type { LocalCause } from './postfix-words.ts';

type Trouble = Omit<LocalCause, 'culprit'>;

const TROUBLES: readonly Trouble[] = [
  { id: 'trouble.blocked', pattern: /^warning: [0-9a-z]{6,32}: \S{1,300} refuses mail from /, meaning: 'A receiver refuses mail from this server, whoever it is for. Posthorn keeps that mail and tries again.', nextStep: '`posthorn queue why` names the cause and what to do.' },
  { id: 'trouble.log-in', pattern: /connection lost to authentication server|sasl: connect to |no sasl authentication mechanisms/, meaning: 'Nobody can log in: what Postfix asks about passwords (mostly Dovecot) is not there.', nextStep: 'See that it runs, and that smtpd_sasl_path names its socket: with Dovecot private/auth, from `service auth` in its settings.' },
  { id: 'trouble.password', pattern: /sasl [a-z0-9-]+ authentication failed/, meaning: 'A client did not know the password.', nextStep: 'Many from strange addresses are guesses: fail2ban and good passwords are enough. From a user\'s own address: the password was changed and one of their devices still has the old one.' },
  { id: 'trouble.disk', pattern: /no space left|queue file write error|insufficient storage/, meaning: 'The disk is full.', nextStep: 'Free room now: `df -h`, `df -i`.' },
  { id: 'trouble.certificate', pattern: /no server certs available|cannot load .*certificate|no such file.*(?:cert|key|pem)|certificate .*expired|key values mismatch|tls engine|cannot get .* private key/, meaning: 'The server\'s own certificate or key cannot be used, so it offers no TLS.', nextStep: 'Check smtpd_tls_cert_file and smtpd_tls_key_file (or smtpd_tls_chain_files): paths, rights, that they fit each other, and that they have not expired.' },
  { id: 'trouble.tls', pattern: /tls library problem|ssl_accept error|ssl_connect error/, meaning: 'A TLS handshake failed.', nextStep: 'Single ones are scanners or very old programs. If one partner always fails: compare TLS versions and ciphers.' },
  { id: 'trouble.table', pattern: /open (?:database|hash|btree|lmdb|cdb)|is unavailable|(?:mysql|pgsql|ldap|sqlite).*(?:error|fail|connect)|lookup (?:error|failure|problem)|map nesting|database .* is older than source/, meaning: 'A look-up table is missing, stale, or its database does not answer.', nextStep: 'Run `postmap FILE` or `newaliases`; see that the database behind it runs.' },
  { id: 'trouble.milter', pattern: /milter|policy service|connect to .*: (?:no such file|connection refused)|connect to transport |problem talking to (?:service|server)|socket: malformed response/, meaning: 'A filter or service that Postfix asks did not answer.', nextStep: 'See that it runs and listens where main.cf and master.cf say.' },
  { id: 'trouble.configuration', pattern: /unused parameter|unsupported dictionary|bad (?:numerical|boolean|string)|parameter .* (?:is|has)|undefined parameter|deprecated|unknown (?:restriction|service)/, meaning: 'A setting in main.cf or master.cf is wrong or has no effect.', nextStep: 'Run `postfix check` and `postconf -n`; correct the parameter that the words name.' },
  { id: 'trouble.both-lists', pattern: /do not list domain .* in both/, meaning: 'A domain is listed in two classes at once, and only one of them counts.', nextStep: 'Take it out of mydestination, or out of virtual_alias_domains / virtual_mailbox_domains.' },
  { id: 'trouble.open', pattern: /specify at least one working instance/, meaning: 'No restriction forbids relaying, and Postfix takes no mail at all before one does.', nextStep: 'Restore `smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination` in main.cf.' },
  { id: 'trouble.port', pattern: /address already in use|already running/, meaning: 'Another program has the port, or Postfix runs already.', nextStep: '`ss -ltnp` names the program that listens there.' },
  { id: 'trouble.process', pattern: /killed by signal|exit status \d|bad command startup|throttling/, meaning: 'A process of Postfix ended with an error.', nextStep: 'The line before it in the log says why.' },
  { id: 'trouble.rate', pattern: /(?:rate|concurrency) limit exceeded/, meaning: 'A client came more often, or with more connections at once, than is allowed.', nextStep: 'If it is one of your own, raise the smtpd_client_* limits or add it to smtpd_client_event_limit_exceptions; else nothing.' },
  { id: 'trouble.other-protocol', pattern: /non-smtp command|command pipelining/, meaning: 'Somebody who connected spoke no SMTP.', nextStep: 'Nothing to do: scanners do that.' },
  { id: 'trouble.dns-list', pattern: /lookup error for dns query|rbl lookup error/, meaning: 'A DNS list did not answer, so that it was passed over.', nextStep: 'When it happens often: the list may be closed, or does not answer public resolvers; use a resolver of your own.' },
  { id: 'trouble.destination', pattern: /using up .{1,60} active queue entries/, meaning: 'Mail to one destination fills the queue and holds up the rest.', nextStep: 'The failures above tell why it does not get away; `qshape deferred` shows how much waits.' },
  { id: 'trouble.size', pattern: /queue file size limit exceeded/, meaning: 'A message is larger than message_size_limit.', nextStep: 'Raise message_size_limit, if such messages are wanted.' },
  { id: 'trouble.rights', pattern: /permission denied/, meaning: 'Postfix may not read or write a file.', nextStep: '`postfix set-permissions`, and look at the owner and rights of the file that the words name.' },
  { id: 'trouble.restart', pattern: /run-time library vs|version mismatch/, meaning: 'A library was upgraded under the running Postfix.', nextStep: 'Restart it: `systemctl restart postfix`.' },
  { id: 'trouble.circle', pattern: /greeted me with my own hostname/, meaning: 'Postfix connected to itself: mail goes in a circle.', nextStep: 'Add the domain to mydestination, virtual_mailbox_domains or relay_domains, or correct its MX records.' },
  { id: 'trouble.name', pattern: /does not resolve to address|hostname verification|valid_hostname|numeric hostname|malformed domain name/, meaning: 'A client\'s name and address do not match in DNS.', nextStep: 'Nothing to do: it is the client\'s DNS.' },
  { id: 'trouble.limits', pattern: /too many (?:open files|processes)|process limit|(?:all|stress|maximal).*(?:busy|limit)|cannot allocate|out of memory/, meaning: 'The machine or Postfix ran out of processes, files or memory.', nextStep: 'Look at default_process_limit, the limits of the system, and at what used the memory.' },
];

/** Of this server: `posthorn/…: warning: event field=value`. */
const OWN: Trouble = { id: 'trouble.posthorn', pattern: /./, meaning: 'Posthorn warns of something.', nextStep: 'Read its words; `posthorn doctor` and `posthorn queue why` tell what is wrong now.' };
const OTHER: Trouble = { id: 'trouble.other', pattern: /./, meaning: 'Postfix warns of something.', nextStep: 'Read its words; the manual page of the parameter or program that they name tells more.' };

/** Undefined for lines that tell of no trouble. `service` as logged. */
export function troubleOf(text: string, service: string): Trouble | undefined {
  const words = text.slice(0, 1000).toLowerCase();
  if (!/^(?:warning|fatal|panic|error): /.test(words)) return undefined;
  if (service === 'posthorn') return OWN;
  return TROUBLES.find(({ pattern }) => pattern.test(words)) ?? OTHER;
}
