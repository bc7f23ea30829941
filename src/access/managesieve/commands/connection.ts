/** Commands about the connection: CAPABILITY, STARTTLS, NOOP, UNAUTHENTICATE, LOGOUT. RFC 5804 §2. */
import { SIEVE_LIMITS } from '../../../base/sieve-limits.ts';
import { notifyMethods, sieveCapabilities } from '../../../sieve/script.ts';
import { formatString } from '../../../wire/managesieve/command.ts';
import { textOf, type ManageSieveCommand, type ManageSieveSession } from '../managesieve-command.ts';

/** RFC 5804 §1.7: told at the greeting, after STARTTLS, and when asked. */
export function writeCapabilities(session: ManageSieveSession): void {
  const { connection, signIn, isLoggedIn } = session;
  const rows: [string, string?][] = [
    ['IMPLEMENTATION', 'Posthorn'],
    ['SASL', isLoggedIn ? '' : plainFirst(signIn.mechanisms).join(' ')],
    ['SIEVE', sieveCapabilities().join(' ')],
    ['NOTIFY', notifyMethods().join(' ')],
    ['MAXREDIRECTS', String(SIEVE_LIMITS.redirectsMax)],
    ...(connection.canStartTls && !isLoggedIn ? ([['STARTTLS']] as [string][]) : []),
    ['UNAUTHENTICATE'],
    ...(isLoggedIn ? ([['OWNER', session.account]] as [string, string][]) : []),
    ['VERSION', '1.0'],
  ];
  for (const [name, value] of rows) session.write(`"${name}"${value === undefined ? '' : ` ${formatString(value)}`}\r\n`);
}

/** Some programs (Perl's Net::ManageSieve) know no other way than to take the first; who knows more chooses anyway. */
function plainFirst(mechanisms: readonly string[]): readonly string[] {
  return [...mechanisms.filter((name) => name === 'PLAIN'), ...mechanisms.filter((name) => name !== 'PLAIN')];
}

export const capability: ManageSieveCommand = {
  name: 'CAPABILITY',
  when: 'always',
  signature: '',
  run: (session) => {
    writeCapabilities(session);
    session.ok('that is all');
  },
};

export const startTls: ManageSieveCommand = {
  name: 'STARTTLS',
  when: 'before log-in',
  signature: '',
  run: async (session) => {
    if (session.connection.isSecure) return session.no('TLS is active already');
    if (!session.connection.canStartTls) return session.no('there is no TLS here');
    session.ok('begin TLS');
    if (!(await session.connection.startTls())) return session.leave();
    // RFC 5804 §2.2: the client must not trust what it was told before.
    writeCapabilities(session);
    session.ok('TLS is active');
  },
};

export const noop: ManageSieveCommand = {
  name: 'NOOP',
  when: 'always',
  signature: 's?',
  run: (session, values) => {
    const tag = textOf(values, 0);
    session.ok('done', tag === undefined ? undefined : { name: 'TAG', value: tag });
  },
};

export const unauthenticate: ManageSieveCommand = {
  name: 'UNAUTHENTICATE',
  when: 'logged in',
  signature: '',
  run: (session) => {
    session.logOut();
    session.ok('logged out');
  },
};

export const logout: ManageSieveCommand = {
  name: 'LOGOUT',
  when: 'always',
  signature: '',
  run: (session) => {
    session.ok('goodbye');
    session.leave();
  },
};
