/** The verb that tells which DNS records to publish for a domain hosted here. */
import { createHash, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { isInnerAddress, isLoopbackAddress } from '../../base/public-address.ts';
import type { Config } from '../../config/config.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { clientServices } from '../client-setup/services.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { dnsPolicyVerbs, policiesOf, type DomainPolicy } from './dns-policy.ts';
import { desiredRecords, recordAdvice } from './dns-records.ts';
import type { DesiredRecord, RecordsInput } from './dns-records.ts';
import { stsPublicationOf } from '../tls/sts-publication.ts';
import { domainArgument } from '../arguments.ts';
import { hostedDomain } from '../directory/hosted-domain.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface DomainRecords {
  readonly hostname: string;
  readonly domain: string;
  readonly records: readonly DesiredRecord[];
  readonly advice: readonly string[];
}

type RecordContext = Pick<ManageContext, 'store' | 'config' | 'clock' | 'dns'>;

/** Of one domain, by the policy that it was last applied with. Rejects with Failure `domain-unknown`. */
export async function recordsOf(context: RecordContext, domain: string): Promise<DomainRecords> {
  const name = await hostedDomain(context, domain);
  const [keys, policies] = await Promise.all([context.store.keys.list(name), policiesOf(context)]);
  const input = await recordsInput(context, name, { keys, policy: policies(name).policy });
  return { hostname: input.hostname, domain: name, records: desiredRecords(input), advice: recordAdvice(input) };
}

export interface DomainSetup {
  readonly keys: readonly KeyRow[];
  readonly policy: DomainPolicy;
}

/** What a hosted domain's records are made from. */
export async function recordsInput(context: RecordContext, name: string, { keys, policy }: DomainSetup): Promise<RecordsInput> {
  const { config } = context;
  const web = (config.listen.https ?? config.listen.http ?? []).length > 0;
  const publication = web && receives(policy) ? await stsPublicationOf(context, name) : undefined;
  const keyDigests = policy.dane ? await daneDigests(context) : [];
  return {
    hostname: domainKey(config.hostname),
    domain: name,
    addresses: publicAddresses(config),
    keys: keys.map(({ selector, algorithm, publicKey, state }) => ({ selector, algorithm, publicKey, state })),
    policy,
    servesSetup: web,
    keyDigests,
    ...(publication && { stsId: publication.id }),
    ...servicePorts(config),
  };
}

function receives({ use }: DomainPolicy): boolean {
  return use === 'auto' || use === 'mail';
}

/**
 * Of the certificate's key and the next one, where the host's zone is signed: unsigned TLSA records help nobody (RFC 7672
 * §2.1). Rejects with a temporary Failure `dns-unknown` or `no-key` rather than have published records taken for unwanted.
 */
async function daneDigests({ config, dns }: RecordContext): Promise<readonly string[]> {
  const { certificate, nextKey } = config.tls;
  if (certificate === undefined) return [];
  const answer = await dns.query(domainKey(config.hostname), 'A');
  if (answer.kind === 'failure') throw new Failure('dns-unknown', `the look-up of ${config.hostname} failed (${answer.reason}), so nobody knows whether its zone is signed and TLSA records are of use; try again later`);
  if (!answer.secure) return [];
  const files = [certificate, ...(nextKey === undefined ? [] : [nextKey])];
  return [...new Set(await Promise.all(files.map(keyDigest)))];
}

/** SHA-256 of the public key in a PEM file with a certificate or a private key. */
async function keyDigest(file: string): Promise<string> {
  try {
    const key = createPublicKey(await readFile(file)).export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(key).digest('hex');
  } catch (cause) {
    throw new Failure('no-key', `${file} holds no key or certificate that can be read, so its TLSA record cannot be made`, { cause });
  }
}

/** What mail programs can use, as SRV records tell them. */
function servicePorts(config: Config): Pick<RecordsInput, 'submissionPort' | 'submissionsPort' | 'imapPort' | 'imapsPort' | 'pop3sPort' | 'sievePort'> {
  const names = { 'smtp starttls': 'submissionPort', 'smtp tls': 'submissionsPort', 'imap starttls': 'imapPort', 'imap tls': 'imapsPort', 'pop3 tls': 'pop3sPort', 'sieve starttls': 'sievePort' } as const;
  const told = clientServices(config).flatMap(({ protocol, security, port }) => {
    const name = names[`${protocol} ${security}` as keyof typeof names] as string | undefined;
    return name === undefined ? [] : [[name, port]];
  });
  return Object.fromEntries(told);
}

/**
 * Those of [[outbound.ip]] as others see them; else the public addresses of this machine, which it sends from when nobody chose.
 * A private one tells nothing about what others see.
 */
export function publicAddresses(config: Config): RecordsInput['addresses'] {
  const { ips } = config.outbound;
  if (ips.length > 0) return ips.map(({ address, publicAddress, ...ip }) => ({ ...ip, address: publicAddress ?? address })).filter(({ address }) => (!isInnerAddress(address) || isLoopbackAddress(address)));
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
  args: z.strictObject({ domain: domainArgument }),
  run: (context, args) => recordsOf(context, args.domain),
});

export const dnsVerbs = [records, ...dnsPolicyVerbs] as const;
