/** Lines that tell of trouble of the server itself: warnings, fatal errors, guessed passwords. */
import type { LocalCause } from './postfix-words.ts';

type Trouble = Omit<LocalCause, 'culprit'>;

const TROUBLES: readonly Trouble[] = [
  { id: 'trouble.password', pattern: /sasl [a-z0-9-]+ authentication failed/, meaning: 'A client did not know the password.', nextStep: 'Many from strange addresses are guesses: fail2ban and good passwords are enough. From a user\'s own address: the password was changed and one of their devices still has the old one.' },
  { id: 'trouble.disk', pattern: /no space left|queue file write error|insufficient storage/, meaning: 'The disk is full.', nextStep: 'Free room now: `df -h`, `df -i`.' },
  { id: 'trouble.certificate', pattern: /cannot load .*certificate|no such file.*(?:cert|key|pem)|certificate .*expired|key values mismatch|tls engine|cannot get .* private key/, meaning: 'The server\'s own certificate or key cannot be used, so it offers no TLS.', nextStep: 'Check smtpd_tls_cert_file and smtpd_tls_key_file (or smtpd_tls_chain_files): paths, rights, that they fit each other, and that they have not expired.' },
  { id: 'trouble.tls', pattern: /tls library problem|ssl_accept error|ssl_connect error/, meaning: 'A TLS handshake failed.', nextStep: 'Single ones are scanners or very old programs. If one partner always fails: compare TLS versions and ciphers.' },
  { id: 'trouble.table', pattern: /open (?:database|hash|btree|lmdb|cdb)|is unavailable|(?:mysql|pgsql|ldap|sqlite).*(?:error|fail|connect)|lookup (?:error|failure)|database .* is older than source/, meaning: 'A look-up table is missing, stale, or its database does not answer.', nextStep: 'Run `postmap FILE` or `newaliases`; see that the database behind it runs.' },
  { id: 'trouble.milter', pattern: /milter|policy service|connect to .*: (?:no such file|connection refused)|problem talking to service/, meaning: 'A filter or service that Postfix asks did not answer.', nextStep: 'See that it runs and listens where main.cf and master.cf say.' },
  { id: 'trouble.configuration', pattern: /unused parameter|unsupported dictionary|bad (?:numerical|boolean|string)|parameter .* (?:is|has)|undefined parameter|deprecated|unknown (?:restriction|service)/, meaning: 'A setting in main.cf or master.cf is wrong or has no effect.', nextStep: 'Run `postfix check` and `postconf -n`; correct the parameter that the words name.' },
  { id: 'trouble.both-lists', pattern: /do not list domain .* in both/, meaning: 'A domain is listed in two classes at once, and only one of them counts.', nextStep: 'Take it out of mydestination, or out of virtual_alias_domains / virtual_mailbox_domains.' },
  { id: 'trouble.name', pattern: /does not resolve to address|hostname verification/, meaning: 'A client\'s name and address do not match in DNS.', nextStep: 'Nothing to do: it is the client\'s DNS.' },
  { id: 'trouble.limits', pattern: /too many (?:open files|processes)|process limit|(?:all|stress|maximal).*(?:busy|limit)|cannot allocate|out of memory/, meaning: 'The machine or Postfix ran out of processes, files or memory.', nextStep: 'Look at default_process_limit, the limits of the system, and at what used the memory.' },
];

const OTHER: Trouble = { id: 'trouble.other', pattern: /./, meaning: 'Postfix warns of something.', nextStep: 'Read its words; the manual page of the parameter or program that they name tells more.' };

/** Undefined for lines that tell of no trouble. */
export function troubleOf(text: string): Trouble | undefined {
  const words = text.slice(0, 1000).toLowerCase();
  if (!/^(?:warning|fatal|panic|error): /.test(words)) return undefined;
  return TROUBLES.find(({ pattern }) => pattern.test(words)) ?? OTHER;
}
