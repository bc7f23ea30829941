/** Is the MTA-STS policy of a domain there, whole, and does it fit its mail servers? RFC 8461 §3. */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { StsPolicy } from '../../contract/mta-sts.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { fetchStsPolicy, type FetchedPolicy } from './fetch-policy.ts';
import { stsAllowsHost } from './policy.ts';
import { readStsRecord } from './record.ts';

export interface StsDeploymentPorts {
  readonly dns: Dns;
  /** Absent: the policy itself is not looked at. */
  readonly fetch?: HttpsFetch | undefined;
  /** 443 outside of rehearsals. */
  readonly port: number;
  /** The host of ours that serves policies. Absent: the domain is none of ours. */
  readonly server?: string | undefined;
  /** What this server publishes for the domain, when it hosts it. */
  readonly own?: { readonly id: string; readonly mode: StsPolicy['mode']; /** With mode "none": when the record may go, milliseconds since 1970. */ readonly until?: number | undefined } | undefined;
}

export interface StsDeployment {
  readonly domain: string;
  /** Of the record. */
  readonly id?: string;
  readonly policy?: StsPolicy;
  readonly findings: readonly DeploymentFinding[];
}

const DAY_SECONDS = 86_400;

/** Rejects only with the signal's reason. */
export async function checkStsDeployment(ports: StsDeploymentPorts, domain: string, signal?: AbortSignal): Promise<StsDeployment> {
  const { dns, own } = ports;
  const options = signal ? { signal } : {};
  const name = `_mta-sts.${domain}`;
  const answer = await dns.query(name, 'TXT', options);
  if (answer.kind === 'failure') return { domain, findings: [{ level: 'unknown', text: `${name} could not be looked up now (${answer.reason}).` }] };
  const record = readStsRecord(answer.kind === 'found' ? answer.records : []);
  const wanted = `${name}. TXT "v=STSv1; id=${own?.id ?? '1'}"`;
  if (record.kind === 'none') {
    if (!own) return { domain, findings: [{ level: 'skip', text: `${domain} has no MTA-STS policy.` }] };
    return { domain, findings: [{ level: 'fail', text: `This server has an MTA-STS policy for ${domain}, and nobody is told: there is no record at ${name}.`, remedy: 'Publish this record.', record: wanted }] };
  }
  if (record.kind === 'invalid') return { domain, findings: [{ level: 'fail', text: `The MTA-STS record of ${domain} does not count: ${record.detail}.`, remedy: 'Publish this one record in its place.', record: wanted }] };
  const { id } = record;
  const stale: DeploymentFinding[] = own && own.id !== id ? [{ level: 'warn', text: `The record at ${name} has the id ${id}, but the policy of this server has changed since: senders do not fetch it again.`, remedy: 'Publish the record with the new id.', record: wanted }] : [];
  const host = await Promise.all([dns.query(`mta-sts.${domain}`, 'A', options), dns.query(`mta-sts.${domain}`, 'AAAA', options)]);
  if (host.every(({ kind }) => kind === 'nxdomain' || kind === 'nodata')) {
    return { domain, id, findings: [...stale, withoutAddress(domain, ports.server)] };
  }
  if (!ports.fetch) return { domain, id, findings: [...stale, { level: 'unknown', text: 'The policy itself cannot be fetched from here.' }] };
  const [fetched, mx] = await Promise.all([fetchStsPolicy(ports.fetch, domain, ports.port, signal), dns.query(domain, 'MX', options)]);
  const policy = fetched.kind === 'policy' ? { policy: fetched.policy } : {};
  return { domain, id, ...policy, findings: [...stale, ...judgeFetched(domain, fetched, mx, own?.until)] };
}

function withoutAddress(domain: string, server: string | undefined): DeploymentFinding {
  const place = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  const text = `mta-sts.${domain} has no address: nobody finds the policy.`;
  if (server === undefined) return { level: 'fail', text, remedy: `Publish an A record for mta-sts.${domain} with the address of the web server that has the policy, and serve it at ${place}` };
  return { level: 'fail', text, remedy: `Publish this record: it leads to this server, which serves the policy at ${place} when mta-sts is "testing" or "enforce" in [dns.policy] (posthorn dns policy ${domain} --mta-sts testing). Without a policy, take the record _mta-sts.${domain} out instead.`, record: `mta-sts.${domain}. CNAME ${server}.` };
}

/** Pure. */
export function judgeFetched(domain: string, fetched: FetchedPolicy, mx: DnsAnswer<'MX'>, until?: number): readonly DeploymentFinding[] {
  if (fetched.kind === 'failed') {
    const { failure, detail } = fetched.problem;
    if (fetched.unreachable) return [{ level: 'unknown', text: `The policy could not be fetched now: ${detail}.` }];
    const remedy = failure === 'sts-webpki-invalid' ? `Give mta-sts.${domain} a certificate of a known authority with that very name in it.` : `Serve the policy at https://mta-sts.${domain}/.well-known/mta-sts.txt, status 200, text/plain, without a redirect.`;
    return [{ level: 'fail', text: `The policy of ${domain} cannot be used: ${detail}.`, remedy }];
  }
  const { policy } = fetched;
  if (policy.mode === 'none') return [{ level: 'warn', text: `${domain} says that MTA-STS is over (mode none).`, remedy: until === undefined ? 'When as much time has passed as the last max_age was, take the record out; or go on with mode testing.' : `Leave record and policy as they are until ${new Date(until).toISOString().slice(0, 10)}; then take the record _mta-sts.${domain} out of the DNS.` }];
  return [...misfits(domain, policy, mx), modeFinding(domain, policy)];
}

function misfits(domain: string, policy: StsPolicy, mx: DnsAnswer<'MX'>): readonly DeploymentFinding[] {
  if (mx.kind === 'failure') return [{ level: 'unknown', text: `The MX records of ${domain} could not be looked up now (${mx.reason}).` }];
  const hosts = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((host) => host !== '') : [domain];
  const level = policy.mode === 'enforce' ? 'fail' : 'warn';
  return hosts
    .filter((host) => !stsAllowsHost(policy, host))
    .map((host) => ({ level, text: `${host} is a mail server of ${domain} and not named in the policy: ${policy.mode === 'enforce' ? 'senders that heed it do not deliver there' : 'once it is enforced, nobody delivers there'}.`, remedy: `Add "mx: ${host}" to the policy (and change the id), or take the MX record out.` }));
}

function modeFinding(domain: string, { mode, maxAgeSeconds }: StsPolicy): DeploymentFinding {
  if (mode === 'testing') return { level: 'warn', text: `The MTA-STS policy of ${domain} is in testing: senders only report what would fail.`, remedy: 'After two weeks without failures in the TLS reports, go on to mode enforce.' };
  const days = Math.floor(maxAgeSeconds / DAY_SECONDS);
  if (days < 1) return { level: 'warn', text: `The MTA-STS policy of ${domain} is kept for ${maxAgeSeconds} seconds only: whoever can block it for so long is rid of it.`, remedy: 'Set max_age to a week (604800) or more.' };
  return { level: 'pass', text: `The MTA-STS policy of ${domain} is enforced, and kept for ${days} ${days === 1 ? 'day' : 'days'}.` };
}
