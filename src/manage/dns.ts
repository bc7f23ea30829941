/** The verb that tells which DNS records to publish for a domain hosted here. */
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import type { Config, HostPort } from '../config/config.ts';
import { domainKey } from '../store/clients/directory.ts';
import type { Store } from '../store/store.ts';
import { desiredRecords, recordAdvice } from './dns-records.ts';
import type { DesiredRecord, RecordsInput } from './dns-records.ts';
import { defineVerb } from './verb.ts';

export interface DomainRecords {
  readonly hostname: string;
  readonly domain: string;
  readonly records: readonly DesiredRecord[];
  readonly advice: readonly string[];
}

/** Rejects with Failure `domain-unknown`. */
export async function recordsOf(store: Store, config: Config, domain: string): Promise<DomainRecords> {
  const name = domainKey(domain);
  const { domains } = await store.directory.snapshot();
  if (!domains.some((row) => row.name === name)) {
    throw new Failure('domain-unknown', `${name} is not a domain of this server: add it with posthorn domain add ${name}`, { temporary: false });
  }
  const keys = (await store.keys.list(name)).map(({ selector, algorithm, publicKey }) => ({ selector, algorithm, publicKey }));
  const input: RecordsInput = {
    hostname: domainKey(config.hostname),
    domain: name,
    addresses: publicAddresses(config),
    keys,
    ...port('submissionPort', config.listen.submission),
    ...port('submissionsPort', config.listen.submissions),
    ...port('imapPort', outward(config.listen.imap)),
    ...port('imapsPort', outward(config.listen.imaps)),
    ...port('pop3sPort', outward(config.listen.pop3s)),
    ...port('sievePort', outward(config.listen.sieve)),
  };
  return { hostname: input.hostname, domain: name, records: desiredRecords(input), advice: recordAdvice(input) };
}

function port<K extends string>(key: K, listeners: readonly { readonly port: number }[]): { readonly [P in K]?: number } {
  const [first] = listeners;
  return (first ? { [key]: first.port } : {}) as { readonly [P in K]?: number };
}

/** What only this machine reaches is not announced. */
function outward(listeners: readonly HostPort[] | undefined): readonly HostPort[] {
  return (listeners ?? []).filter(({ address }) => address !== '::1' && !address.startsWith('127.'));
}

/** Those of [[outbound.ip]]; else the public addresses of this machine, which it sends from when nobody chose. */
export function publicAddresses(config: Config): RecordsInput['addresses'] {
  if (config.outbound.ips.length > 0) return config.outbound.ips;
  return machineAddresses().map((address) => ({ address }));
}

/** Addresses of this machine that others can reach; empty behind NAT. */
export function machineAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return all.filter((entry) => !entry.internal && isPublic(entry.address)).map((entry) => entry.address);
}

/** Not private, link-local, shared or documentation space (RFC 6890). */
export function isPublic(address: string): boolean {
  if (address.includes(':')) return /^[23]/.test(address) && !/^2001:0?db8:/i.test(address);
  const [a = 0, b = 0] = address.split('.').map(Number);
  const closed = a === 0 || a === 10 || a === 127 || a >= 224 || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  return !closed && !(a === 100 && b >= 64 && b < 128);
}

const records = defineVerb({
  name: 'dns.records',
  summary: 'Tells the DNS records to publish for a domain and for this host.',
  args: z.strictObject({ domain: z.string().min(1).max(255) }),
  run: ({ store, config }, args) => recordsOf(store, config, args.domain),
});

export const dnsVerbs = [records] as const;
