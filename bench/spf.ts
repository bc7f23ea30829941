/**
 * SPF evaluations a second from a warm cache: our checker and our resolver, whose cache was filled over UDP by a name
 * server, beside mailauth's checker with answers from the same cache. Three kinds of domains: those that name addresses,
 * those that include as large services do (8 look-ups), and those with a, mx and a redirect.
 *
 *   npm run bench -- spf [evaluations]
 */
import { createRequire } from 'node:module';
import { SystemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import type { DnsAnswer, RecordType } from '../src/contract/dns.ts';
import { startDnsServer } from '../src/lab/dns/server.ts';
import type { ZoneRecord } from '../src/lab/dns/zone-record.ts';
import { Zones } from '../src/lab/dns/zones.ts';
import { createResolver, type Resolver } from '../src/net/resolver.ts';
import { checkSpf } from '../src/verify/spf/check-spf.ts';

const TARGET_PER_SECOND = 20_000;
const DOMAINS = 100;

interface Case {
  readonly name: string;
  readonly records: (domain: string) => readonly ZoneRecord[];
  /** Of 192.0.2.10. */
  readonly result: string;
}

const txt = (name: string, value: string): ZoneRecord => ({ name, type: 'TXT', value });

const CASES: readonly Case[] = [
  { name: 'addresses only', result: 'pass', records: (domain) => [txt(domain, 'v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 ip4:192.0.2.10 ~all')] },
  {
    name: 'eight look-ups of includes', result: 'softfail',
    records: (domain) => [
      txt(domain, `v=spf1 include:a.${domain} include:b.${domain} ~all`),
      ...['a', 'b'].flatMap((side) => [
        txt(`${side}.${domain}`, `v=spf1 include:1.${side}.${domain} include:2.${side}.${domain} include:3.${side}.${domain} ~all`),
        ...[1, 2, 3].map((at) => txt(`${at}.${side}.${domain}`, `v=spf1 ${Array.from({ length: 12 }, (_, net) => `ip4:198.51.${net + at}.0/24`).join(' ')} ~all`)),
      ]),
    ],
  },
  {
    name: 'a, mx and a redirect', result: 'pass',
    records: (domain) => [
      txt(domain, `v=spf1 a redirect=r.${domain}`), { name: domain, type: 'A', value: '198.51.100.7' }, { name: domain, type: 'AAAA', value: '2001:db8::7' },
      txt(`r.${domain}`, 'v=spf1 mx -all'), { name: `r.${domain}`, type: 'MX', value: `10 mx.${domain}` },
      { name: `mx.${domain}`, type: 'A', value: '192.0.2.10' }, { name: `mx.${domain}`, type: 'AAAA', value: '2001:db8::8' },
    ],
  },
];

export async function runSpfBench([given = '20000']: readonly string[]): Promise<number> {
  const count = Number(given);
  if (!Number.isInteger(count) || count < DOMAINS || count > 10_000_000) {
    console.error(`usage: npm run bench -- spf [evaluations], from ${DOMAINS} to 10,000,000`);
    return 2;
  }
  const clock = new SystemClock();
  const zones = new Zones();
  zones.load(CASES.flatMap(({ records }, at) => Array.from({ length: DOMAINS }, (_, n) => ({ apex: domainOf(at, n), records: records(domainOf(at, n)) }))));
  const server = await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock, log: silentLog, fault: () => 'none' });
  const resolver = createResolver({ servers: [{ address: server.host, port: server.port }], trustAd: false, clock, log: silentLog });
  const theirs = peer(resolver);
  try {
    console.log(`SPF from a warm cache, ${count} evaluations each    ratio    Posthorn/s    mailauth/s`);
    let worst = Infinity;
    for (const [at, { name, result }] of CASES.entries()) {
      const ours = await rate(count, at, result, (domain) => checkSpf(resolver, { ip: '192.0.2.10', helo: 'mail.example.net', sender: `user@${domain}`, now: 0 }).then((report) => report.result));
      const others = await rate(Math.min(count, 5000), at, result, theirs);
      worst = Math.min(worst, ours);
      console.log(`${name.padEnd(44)} ${(ours / others).toFixed(1).padStart(7)}×  ${Math.round(ours).toString().padStart(12)}  ${Math.round(others).toString().padStart(12)}`);
    }
    console.log(`wanted: ${TARGET_PER_SECOND} a second`);
    return worst >= TARGET_PER_SECOND ? 0 : 1;
  } finally {
    resolver.close();
    await server.stop();
  }
}

function domainOf(kind: number, n: number): string {
  return `d${n}.k${kind}.example`;
}

/** A second. Every answer is checked. The cache is filled just before: the lab's name server gives short lives. */
async function rate(count: number, kind: number, wanted: string, evaluate: (domain: string) => Promise<string>): Promise<number> {
  for (let n = 0; n < DOMAINS; n += 1) await evaluate(domainOf(kind, n));
  const begun = performance.now();
  for (let n = 0; n < count; n += 1) {
    const result = await evaluate(domainOf(kind, n % DOMAINS));
    if (result !== wanted) throw new Error(`${domainOf(kind, n % DOMAINS)}: ${result}, not ${wanted}`);
  }
  return count / ((performance.now() - begun) / 1000);
}

type PeerSpf = (options: { sender: string; ip: string; helo: string; mta: string; resolver: (name: string, type: string) => Promise<unknown> }) => Promise<{ status: { result: string } }>;

function peer(resolver: Resolver): (domain: string) => Promise<string> {
  const { spf } = createRequire(import.meta.url)('mailauth/lib/spf') as { spf: PeerSpf };
  const ask = async (name: string, type: string): Promise<unknown> => {
    const answer: DnsAnswer<RecordType> = await resolver.query(name, type as RecordType);
    if (answer.kind === 'found') return answer.records.map((record) => record);
    throw Object.assign(new Error(answer.kind), { code: answer.kind === 'failure' ? 'ETIMEOUT' : answer.kind === 'nxdomain' ? 'ENOTFOUND' : 'ENODATA' });
  };
  return async (domain) => (await spf({ sender: `user@${domain}`, ip: '192.0.2.10', helo: 'mail.example.net', mta: 'mx.example.net', resolver: ask })).status.result;
}
