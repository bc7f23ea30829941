/**
 * Is the network of the address announced by who may (RPKI)? Which network announces it is asked over DNS (Team Cymru), whether
 * it may of RIPEstat. Neither is ours: when they do not answer, nobody knows.
 */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { nibbles, parseIp, sameNetwork, type IpBytes } from '../../../verify/ip-address.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type AddressSubject, type Finding } from '../../check.ts';

const BYTES_MAX = 200_000;
/** Networks that nobody announces (RFC 6890). */
const INNER: readonly (readonly [string, number])[] = [['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.168.0.0', 16], ['::1', 128], ['fc00::', 7], ['fe80::', 10]];

export const routeOrigin = defineCheck<AddressSubject>({
  id: 'route-origin', about: 'address', title: 'Route origin (RPKI)', weight: 0.2,
  why: 'A network that is announced by somebody who may not is unreachable for many, and may be stolen.',
  link: 'https://www.rfc-editor.org/rfc/rfc6811',
  run: async ({ dns, network }, { address }) => {
    const ip = parseIp(address);
    if (!ip || (!network?.simulated && INNER.some(([inner, bits]) => sameNetwork(parseIp(inner) ?? ip, ip, bits)))) return skip(`${address} is no address of the Internet.`);
    if (!network) return NO_NETWORK;
    const name = ip.length === 4 ? `${[...ip].toReversed().join('.')}.origin.asn.cymru.com` : `${nibbles(ip).toReversed().join('.')}.origin6.asn.cymru.com`;
    const answer = await dns.query(name, 'TXT');
    const found = answer.kind === 'found' ? readOrigin(answer.records.map((parts) => parts.join('')), ip) : undefined;
    if (!found) return unknown(`Who announces the network of ${address} could not be found out now.`);
    return judge(await askStatus(network, found), found);
  },
});

interface Origin {
  readonly asn: string;
  readonly prefix: string;
}

/** `64500 | 192.0.2.0/24 | DE | ripencc | 2001-01-01`; the narrowest network counts. */
function readOrigin(texts: readonly string[], ip: IpBytes): Origin | undefined {
  const origins = texts.flatMap((text) => {
    const [asns = '', prefix = ''] = text.split('|').map((part) => part.trim());
    const asn = asns.split(' ')[0] ?? '';
    return /^\d{1,10}$/.test(asn) && prefix.includes('/') && sameNetwork(parseIp(prefix.split('/')[0] ?? '') ?? new Uint8Array(0), ip, Number(prefix.split('/')[1])) ? [{ asn, prefix }] : [];
  });
  return origins.toSorted((a, b) => Number(b.prefix.split('/')[1]) - Number(a.prefix.split('/')[1]))[0];
}

async function askStatus({ fetch }: DoctorNetwork, { asn, prefix }: Origin): Promise<string | undefined> {
  const path = `/data/rpki-validation/data.json?resource=${asn}&prefix=${encodeURIComponent(prefix)}`;
  const answer = await fetch({ host: 'stat.ripe.net', port: 443, path, accept: 'application/json', bytesMax: BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs });
  if (answer.kind !== 'response' || answer.status !== 200) return undefined;
  try {
    const { data } = JSON.parse(answer.body.toString('utf8')) as { readonly data?: { readonly status?: unknown } };
    return typeof data?.status === 'string' ? data.status : undefined;
  } catch {
    return undefined;
  }
}

function judge(status: string | undefined, { asn, prefix }: Origin): Finding {
  if (status === 'valid') return pass(`${prefix} is announced by AS${asn}, which may do so.`);
  if (status?.startsWith('invalid')) return fail(`${prefix} is announced by AS${asn}, which the owner of the network does not allow.`, 'Tell the hosting provider: its ROA and its announcement differ.');
  if (status === 'unknown' || status === 'not-found') return warn(`Nobody has said who may announce ${prefix} (there is no ROA).`, 'Ask the hosting provider to sign its routes (RPKI).');
  return unknown(`Whether AS${asn} may announce ${prefix} could not be found out now.`);
}
