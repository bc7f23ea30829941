/**
 * A published DKIM key against the one that signs, by meaning: tags and key bytes, never text (RFC 6376 §3.6.1). Pure.
 *
 * What people get wrong when they paste such a record has a finding of its own: quotes or backslashes that became part of it,
 * a key that ends at the first string, the key of another selector, a second record.
 */
import type { DnsAnswer } from '../../contract/dns.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { decodeBase64, parseTagList, withoutSpace } from '../tag-list.ts';
import { parseKeyRecord, type DkimKey } from './key-record.ts';

export interface OwnKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** Base64 as p= wants it. */
  readonly publicKey: string;
}

export interface PublishedKey {
  /** Where the record stands. */
  readonly name: string;
  readonly state: 'right' | 'missing' | 'wrong' | 'revoked' | 'unknown';
  readonly bits?: number;
  /** The name that really holds the record, when another does (CNAME). */
  readonly delegatedTo?: string;
  readonly ttlSeconds?: number;
  readonly findings: readonly DeploymentFinding[];
}

const RSA_BITS_WANTED = 2048;

/** `others`: keys of the same domain under other selectors, to recognise a mix-up. */
export function judgePublishedKey(own: OwnKey, answer: DnsAnswer<'TXT'>, others: readonly OwnKey[] = []): PublishedKey {
  const name = `${own.selector}._domainkey.${own.domain}`;
  const record = keyRecordOf(own);
  if (answer.kind === 'failure') return { name, state: 'unknown', findings: [{ level: 'unknown', text: `${name} could not be looked up now (${answer.reason}).` }] };
  if (answer.kind !== 'found') return { name, state: 'missing', findings: [{ level: 'fail', text: `The key ${own.selector} of ${own.domain} is not published.`, remedy: 'Publish this record.', record }] };
  const facts = { name, ttlSeconds: answer.ttlSeconds, ...(answer.canonicalName === name ? {} : { delegatedTo: answer.canonicalName }) };
  const texts = answer.records.map((strings) => strings.join(''));
  const readings = texts.map((text) => readRecord(text, own, others));
  const right = readings.find((reading) => reading.state === 'right');
  if (texts.length > 1) {
    const text = `There are ${texts.length} TXT records at ${name}: receivers take any of them${right ? '' : ', and none is ours'}.`;
    return { ...facts, state: right && readings.every(({ state }) => state === 'right') ? 'right' : 'wrong', ...(right?.bits && { bits: right.bits }), findings: [{ level: 'fail', text, remedy: 'Keep this record, and remove the others of that name.', record }] };
  }
  const [only] = readings;
  if (!only) return { ...facts, state: 'missing', findings: [{ level: 'fail', text: `The key ${own.selector} of ${own.domain} is not published.`, remedy: 'Publish this record.', record }] };
  const delegated: DeploymentFinding[] = facts.delegatedTo === undefined || only.state === 'right' ? [] : [{ level: 'warn', text: `${name} is an alias of ${facts.delegatedTo}: whoever runs that name has to change the record.`, remedy: 'Change it there, or replace the CNAME by the record itself.' }];
  return { ...facts, ...only, findings: [...only.findings, ...delegated] };
}

type Reading = Pick<PublishedKey, 'state' | 'bits' | 'findings'>;

function readRecord(text: string, own: OwnKey, others: readonly OwnKey[]): Reading {
  const record = keyRecordOf(own);
  const bad = (state: 'wrong' | 'revoked', sentence: string, remedy = 'Publish this record in its place.'): Reading => ({ state, findings: [{ level: 'fail', text: sentence, remedy, record }] });
  const rubbish = rubbishIn(text);
  if (rubbish) return bad('wrong', `The record of ${own.selector} cannot be read: ${rubbish}.`);
  const result = parseKeyRecord(text);
  if (result.kind === 'none') {
    const tags = parseTagList(text);
    if (tags && withoutSpace(tags.get('p') ?? 'x') === '') return bad('revoked', `The key ${own.selector} of ${own.domain} is published as revoked (p= is empty).`);
    const part = cutOff(tags?.get('p'), own);
    return bad('wrong', part ?? `The record of ${own.selector} is no usable key: ${result.reason}.`);
  }
  const { key } = result;
  if (!isSameKey(key, own)) return bad('wrong', mixUp(key, own, others) ?? cutOff(parseTagList(text)?.get('p'), own) ?? `The key at ${own.selector}._domainkey.${own.domain} is not the one that this server signs with.`);
  if (key.hashes && !key.hashes.includes('sha256')) return { ...bad('wrong', `The record of ${own.selector} does not allow SHA-256 (h=${key.hashes.join(':')}), with which this server signs.`), bits: key.bits };
  return { state: 'right', bits: key.bits, findings: remarks(key, own) };
}

function remarks(key: DkimKey, { selector, domain }: OwnKey): readonly DeploymentFinding[] {
  const findings: DeploymentFinding[] = [];
  if (key.testing) findings.push({ level: 'warn', text: `The key ${selector} says that it is a test (t=y): receivers may treat its mail as unsigned.`, remedy: 'Take t=y out of the record.' });
  if (key.type === 'rsa' && key.bits < RSA_BITS_WANTED) findings.push({ level: 'warn', text: `The key ${selector} has ${key.bits} bits.`, remedy: `Change to a longer one: posthorn dkim rotate ${domain}` });
  return findings.length > 0 ? findings : [{ level: 'pass', text: `The key ${selector} of ${domain} is published.` }];
}

/** What remains of the quoting of zone files and web forms. */
function rubbishIn(text: string): string | undefined {
  if (text.includes('\\')) return 'there are backslashes in it, which a zone file needs before each ";" and a web form must not have';
  if (/["“”]/.test(text)) return 'there are quotation marks in it, which belong around the record and not into it';
  if (/&(?:quot|amp|#\d+);/.test(text)) return 'it was copied out of the source of a web page';
  if (/^\S+\._domainkey\S*\s/i.test(text) || /\bIN\s+TXT\b/.test(text)) return 'the whole line of the zone file was pasted as its value';
  if (/[^\t\n\r -~]/.test(text)) return 'there are characters in it that are not ASCII';
  return undefined;
}

function cutOff(published: string | undefined, own: OwnKey): string | undefined {
  const theirs = withoutSpace(published ?? '');
  if (theirs.length < 20 || theirs === own.publicKey) return undefined;
  if (own.publicKey.startsWith(theirs)) return `The key at ${own.selector}._domainkey.${own.domain} ends after ${theirs.length} of ${own.publicKey.length} characters: the second string was lost.`;
  if (own.publicKey.endsWith(theirs)) return `The key at ${own.selector}._domainkey.${own.domain} lacks its beginning: the first string was lost.`;
  return undefined;
}

function mixUp(key: DkimKey, own: OwnKey, others: readonly OwnKey[]): string | undefined {
  const other = others.find((candidate) => candidate.selector !== own.selector && isSameKey(key, candidate));
  return other && `The record of ${own.selector} holds the key of ${other.selector}.`;
}

/** However the record writes it: SubjectPublicKeyInfo, RSAPublicKey, or the bare Ed25519 key. */
export function isSameKey({ key, type }: DkimKey, { publicKey, algorithm }: Pick<OwnKey, 'publicKey' | 'algorithm'>): boolean {
  if (!algorithm.startsWith(type)) return false;
  const ours = decodeBase64(publicKey);
  const theirs = key.export({ format: 'der', type: 'spki' });
  if (!ours) return false;
  return type === 'ed25519' ? theirs.subarray(-ours.length).equals(ours) : theirs.equals(ours);
}

/** As a zone file writes it, in strings of at most 255 octets (RFC 1035 §3.3). */
export function keyRecordOf({ domain, selector, algorithm, publicKey }: OwnKey): string {
  const text = `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`;
  const strings = text.match(/.{1,255}/g) ?? [];
  return `${selector}._domainkey.${domain}. TXT ${strings.map((part) => `"${part}"`).join(' ')}`;
}
