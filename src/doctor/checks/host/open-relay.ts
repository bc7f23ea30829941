/** Does the server carry mail from strangers to strangers? */
import { parseIp, sameNetwork } from '../../../verify/ip-address.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, type HostSubject } from '../../check.ts';

/** Names that are reserved for examples: nobody's mail. */
const STRANGER = 'doctor@example.com';
/** A network that is larger than this is not one of friends: /8 for IPv4, /19 for IPv6. */
const WIDEST = { 4: 8, 16: 19 } as const;

export const openRelay = defineCheck<HostSubject>({
  id: 'open-relay', about: 'host', title: 'No open relay', weight: 5, cap: 1,
  why: 'Spammers find a server that carries mail for everybody within hours, and then everybody blocks it.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-7.9',
  run: async ({ network }, { server, hostname }) => {
    if (!server) return skip('No server is configured here.');
    const wide = server.trusted.find(isWide);
    if (wide !== undefined) return fail(`Everybody in ${wide} may relay without logging in.`, 'In posthorn.toml name only your own machines in trusted of [networks], or none: trusted = []. Then restart this server.');
    if (!network) return NO_NETWORK;
    const doors = server.listeners.filter(({ service, address }) => service === 'smtp' && !server.trusted.some((block) => isIn(address, block)));
    if (doors.length === 0) return unknown('This machine itself may relay (trusted in [networks]), so only a look from outside could tell.');
    let refused = 0;
    for (const { address, port } of doors) {
      const answer = await network.probe({ address, port, localAddress: address, host: hostname, helo: 'doctor.example.com', relay: { from: STRANGER, to: STRANGER } });
      if (answer.kind === 'failure' || !answer.relay) continue;
      if (answer.relay.outcome === 'taken') return fail(`Port ${port} of ${address} takes mail from strangers for strangers: "${answer.relay.reply}".`, 'In posthorn.toml remove what is too wide from trusted of [networks], and restart this server; whoever sends through this server must log in (port 587 or 465).');
      if (answer.relay.outcome === 'refused') refused += 1;
    }
    return refused > 0 ? pass('Mail from strangers for strangers is refused.') : unknown('The server did not answer on its port for mail; is it running?');
  },
});

function isWide(block: string): boolean {
  const [text = '', prefix] = block.split('/');
  const ip = parseIp(text);
  if (!ip || prefix === undefined || text.startsWith('127.')) return false;
  return Number(prefix) < (ip.length === 4 ? WIDEST[4] : WIDEST[16]);
}

function isIn(address: string, block: string): boolean {
  const [text = '', prefix] = block.split('/');
  const [ip, network] = [parseIp(address), parseIp(text)];
  return ip !== undefined && network !== undefined && sameNetwork(ip, network, prefix === undefined ? ip.length * 8 : Number(prefix));
}
