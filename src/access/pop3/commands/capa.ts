/** CAPA (RFC 2449 §5): what there is, on the connection as it is. */
import { ALWAYS, type Pop3Command, type Pop3Session } from '../pop3-command.ts';

export const capa: Pop3Command = {
  name: 'CAPA',
  states: ALWAYS,
  run: async (session, argument) => {
    if (argument !== '') return session.fail('CAPA takes no argument');
    session.ok('capabilities');
    await session.list(capabilities(session));
  },
};

function capabilities({ connection, signIn, state }: Pop3Session): readonly string[] {
  const { mechanisms } = signIn;
  return [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    // Nothing is removed from an inbox but by its user (RFC 2449 §6.7).
    'EXPIRE NEVER',
    'UTF8 USER',
    'LANG',
    ...(connection.plaintextAllowed ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(' ')}`] : []),
    ...(connection.canStartTls && state === 'authorization' ? ['STLS'] : []),
    'IMPLEMENTATION Posthorn',
  ];
}
