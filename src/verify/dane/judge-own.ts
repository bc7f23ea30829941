/**
 * The TLSA records of a mail host of ours against the keys that it has. Pure.
 *
 * Policy (RFC 7671 §8.1, RFC 7672 §3.1): DANE-EE with the key, SHA-256 (3 1 1), so that a renewed certificate with the same
 * key changes nothing. Before the key changes, the record of the next one stands beside it for two TTLs. A record that
 * fits no key is harmless beside one that does, and stops all mail from senders that check when it is alone.
 */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { DnsAnswer } from '../../contract/dns.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { tlsaText, usableRecords } from './tlsa.ts';
import { judgeChain } from './judge-chain.ts';

export interface OwnTlsaQuestion {
  readonly host: string;
  readonly port: number;
  readonly answer: DnsAnswer<'TLSA'>;
  /** That the server shows now, with its issuers when they are known. */
  readonly chain: readonly X509Certificate[];
  /** Of the certificate to come; undefined: not known. */
  readonly nextKey?: KeyObject;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function judgeOwnTlsa({ host, port, answer, chain, nextKey, now }: OwnTlsaQuestion): readonly DeploymentFinding[] {
  const name = `_${port}._tcp.${host}`;
  const [leaf] = chain;
  const record = leaf && `${name}. TLSA ${tlsaRecordOf(leaf.publicKey)}`;
  if (answer.kind === 'failure') return [{ level: 'unknown', text: `The TLSA records at ${name} could not be looked up now (${answer.reason}).` }];
  if (answer.kind !== 'found') {
    if (!answer.secure) return [{ level: 'skip', text: `${host} has no TLSA records, and its zone is not signed by DNSSEC (or our name servers do not check): DANE needs both.` }];
    return [{ level: 'skip', text: `There are no TLSA records at ${name}. The zone is signed, so DANE could protect mail on its way here: posthorn tls dane record gives the record.`, ...(record !== undefined && { remedy: 'Publish this record, and never change the key without publishing the record of the next one two days before.', record }) }];
  }
  if (!answer.secure) return [{ level: 'warn', text: `There are TLSA records at ${name}, but DNSSEC does not vouch for them (or our name servers do not check): nobody heeds them.`, remedy: 'Sign the zone, or take them out.' }];
  if (!leaf || record === undefined) return [{ level: 'unknown', text: `The certificate of ${host} is not known here.` }];
  const usable = usableRecords(answer.records);
  if (usable.length === 0) return [{ level: 'fail', text: `None of the TLSA records at ${name} can be used for mail: ${answer.records.map(tlsaText).join(', ')}.`, remedy: 'Publish this record in their place (usage 3, selector 1, SHA-256).', record }];
  const verdict = judgeChain({ records: usable, chain, names: [host], now });
  if (verdict.kind === 'refused') {
    return [{ level: 'fail', text: `The TLSA records at ${name} do not fit the certificate of this server (${verdict.detail}): senders that check DANE do not deliver.`, remedy: 'Publish this record at once, and take the wrong ones out when it is seen.', record }];
  }
  return [{ level: 'pass', text: `The TLSA records at ${name} fit the certificate of this server.` }, ...nextFindings(name, usable.map(tlsaText), nextKey)];
}

function nextFindings(name: string, published: readonly string[], nextKey: KeyObject | undefined): readonly DeploymentFinding[] {
  if (!nextKey) return [];
  const text = tlsaRecordOf(nextKey);
  if (published.includes(text)) return [{ level: 'pass', text: 'The record of the next key is published, too: two TTLs later the certificate may change.' }];
  return [{ level: 'warn', text: 'The record of the next key is not published.', remedy: 'Publish it beside the other one, wait two TTLs, then change the certificate, then take the old record out.', record: `${name}. TLSA ${text}` }];
}

/** `3 1 1 HEX` of a key. */
export function tlsaRecordOf(key: KeyObject): string {
  const info = key.type === 'private' ? createPublicKey(key) : key;
  return `3 1 1 ${createHash('sha256').update(info.export({ type: 'spki', format: 'der' })).digest('hex')}`;
}
