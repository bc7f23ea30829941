/** What quickstart looks at on the host before the first start: its name, the PTR of its addresses, its ports. */
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import { reverseName } from '../dns/dns-records.ts';

export interface HostCheck {
  /** What was looked at, for people. */
  readonly subject: string;
  /** `unknown`: it could not be found out. */
  readonly result: 'good' | 'bad' | 'unknown';
  readonly finding: string;
  /** What to do; absent when nothing is to do. */
  readonly fix?: string;
}

export type ListenProbe = (address: string, port: number) => Promise<'free' | 'in-use' | 'forbidden' | 'no-such-address' | 'failed'>;

interface CheckPorts {
  readonly dns: Dns;
  readonly probeListen: ListenProbe;
}

/** Never rejects. */
export async function checkHost(config: Config, addresses: readonly string[], ports: CheckPorts): Promise<readonly HostCheck[]> {
  const checks: Promise<HostCheck>[] = [checkName(config.hostname, addresses, ports.dns)];
  for (const address of addresses) checks.push(checkPtr(config.hostname, address, ports.dns));
  const { smtp, submission, submissions, imap = [], imaps = [], pop3 = [], pop3s = [], sieve = [] } = config.listen;
  const wanted = [...smtp, ...submission, ...submissions, ...imap, ...imaps, ...pop3, ...pop3s, ...sieve];
  for (const { address, port } of wanted) checks.push(checkListen(address, port, ports.probeListen));
  return Promise.all(checks);
}

async function checkName(hostname: string, addresses: readonly string[], dns: Dns): Promise<HostCheck> {
  const subject = `address of ${hostname}`;
  const answers = await Promise.all([dns.query(hostname, 'A'), dns.query(hostname, 'AAAA')]);
  const found = answers.flatMap((answer): readonly string[] => (answer.kind === 'found' ? answer.records : []));
  if (found.length === 0) {
    if (answers.some((answer) => answer.kind === 'failure')) return { subject, result: 'unknown', finding: 'the name servers did not answer' };
    return { subject, result: 'bad', finding: 'the name has no address yet', fix: `Publish the A record of ${hostname}.` };
  }
  const listed = found.join(', ');
  if (addresses.length === 0) return { subject, result: 'unknown', finding: `it is ${listed}; this machine does not know its public address` };
  const missing = addresses.filter((address) => !found.includes(address));
  if (missing.length === 0) return { subject, result: 'good', finding: `it is ${listed}` };
  return { subject, result: 'bad', finding: `it is ${listed}, without ${missing.join(', ')}`, fix: `Let ${hostname} point to ${addresses.join(' and ')}.` };
}

async function checkPtr(hostname: string, address: string, dns: Dns): Promise<HostCheck> {
  const subject = `name of ${address}`;
  const answer = await dns.query(reverseName(address), 'PTR');
  const fix = `Set the PTR record of ${address} to ${hostname} where you rent the address.`;
  if (answer.kind === 'failure') return { subject, result: 'unknown', finding: 'the name servers did not answer' };
  if (answer.kind !== 'found') return { subject, result: 'bad', finding: 'it has no PTR record', fix };
  const names = answer.records.join(', ');
  return answer.records.includes(hostname) ? { subject, result: 'good', finding: `it is ${names}` } : { subject, result: 'bad', finding: `it is ${names}`, fix };
}

async function checkListen(address: string, port: number, probe: ListenProbe): Promise<HostCheck> {
  const subject = `port ${port} on ${address}`;
  switch (await probe(address, port)) {
    case 'free':
      return { subject, result: 'good', finding: 'it is free' };
    case 'in-use':
      return { subject, result: 'bad', finding: 'another program listens there', fix: `Stop what listens on port ${port} (often postfix or exim): ss -ltnp 'sport = :${port}' names it.` };
    case 'forbidden':
      return { subject, result: 'bad', finding: 'this user may not listen there', fix: `Let the server listen on port ${port}: start it as root or by systemd, or set net.ipv4.ip_unprivileged_port_start=25.` };
    case 'no-such-address':
      return { subject, result: 'bad', finding: 'this machine has no such address', fix: `Take ${address} out of [listen].` };
    case 'failed':
      return { subject, result: 'unknown', finding: 'it could not be tried' };
  }
}
