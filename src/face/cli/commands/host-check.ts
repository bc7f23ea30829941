/**
 * What quickstart can see of the host by itself: may we listen on the ports, does the name resolve to us, does the PTR of
 * our address lead back. Every finding says what to do. Nothing here sends mail or opens a connection to anybody but the
 * name servers.
 */
import { createServer } from 'node:net';
import type { Config, HostPort } from '../../../config/config.ts';
import type { Dns } from '../../../contract/dns.ts';
import { machineAddresses } from '../../../manage/dns.ts';
import type { Session } from '../session.ts';

export interface HostFinding {
  readonly ok: boolean;
  readonly text: string;
}

export async function checkHost(session: Session, config: Config): Promise<readonly HostFinding[]> {
  const addresses = config.outbound.ips.length > 0 ? config.outbound.ips.map(({ address }) => address) : machineAddresses();
  const listeners = [...config.listen.smtp, ...config.listen.submission, ...config.listen.submissions];
  const findings = await Promise.all(listeners.map(checkPort));
  if (addresses.length === 0) findings.push({ ok: false, text: 'this machine has no public address; behind NAT, name the public one with --ip' });
  const dns = session.ports.createDns(config.dns.servers);
  try {
    findings.push(await checkName(dns, config.hostname, addresses));
    for (const address of addresses) findings.push(await checkPointer(dns, config.hostname, address));
  } finally {
    dns.close();
  }
  return findings;
}

function checkPort({ address, port }: HostPort): Promise<HostFinding> {
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; stop it (a Postfix or Exim that came with the system?)',
    EACCES: 'ports below 1024 need root, or: setcap cap_net_bind_service=+ep on the node program',
    EADDRNOTAVAIL: 'this machine has no such address; take it out of the configuration',
    EAFNOSUPPORT: 'this machine has no IPv6; take it out of the configuration',
  };
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve({ ok: false, text: `cannot listen on ${where}: ${remedies[error.code ?? ''] ?? error.message}` }));
    probe.listen({ host: address, port, ipv6Only: address.includes(':') }, () => probe.close(() => resolve({ ok: true, text: `can listen on ${where}` })));
  });
}

async function checkName(dns: Dns, hostname: string, addresses: readonly string[]): Promise<HostFinding> {
  const answers = await Promise.all([dns.query(hostname, 'A'), dns.query(hostname, 'AAAA')]);
  if (answers.every((answer) => answer.kind === 'failure')) return { ok: false, text: `no name server answered about ${hostname}; check dns.servers` };
  const found: readonly string[] = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (found.length === 0) return { ok: false, text: `${hostname} does not resolve yet: publish its A record` };
  const ours = found.some((address) => addresses.includes(address));
  return { ok: ours, text: ours ? `${hostname} resolves to this machine` : `${hostname} resolves to ${found.join(', ')}, not to this machine` };
}

async function checkPointer(dns: Dns, hostname: string, address: string): Promise<HostFinding> {
  if (address.includes(':')) return { ok: false, text: `set the PTR of ${address} to ${hostname} at your hosting provider (not checked for IPv6)` };
  const answer = await dns.query(`${address.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR');
  const names = answer.kind === 'found' ? answer.records.map((name) => name.toLowerCase()) : [];
  if (names.includes(hostname)) return { ok: true, text: `the PTR of ${address} is ${hostname}` };
  return { ok: false, text: `set the PTR of ${address} to ${hostname} at your hosting provider${names.length > 0 ? ` (it is ${names.join(', ')})` : ''}` };
}
