/**
 * The DNS side of one SPF evaluation: counts what RFC 7208 §4.6.4 limits and keeps the notes that the trace shows.
 * Limits and DNS failures end the evaluation by SpfAbort; everything else is returned.
 */
import { publishedRecords, type PublishedRecord } from './published-record.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import { isSameOrBelow, isWellFormedDomain } from '../domain-name.ts';
import { parseIp, reverseName, sameNetwork, type IpBytes } from '../ip-address.ts';

const { spfLookupsMax, spfVoidLookupsMax, spfMxAddressesMax, spfPtrNamesMax } = AUTHENTICATION_LIMITS;

/** Ends the evaluation with this result, whatever depth it is at. */
export class SpfAbort extends Error {
  readonly result: 'temperror' | 'permerror';

  constructor(result: 'temperror' | 'permerror', detail: string) {
    super(detail);
    this.result = result;
  }
}

export class SpfLookups {
  readonly #dns: Dns;
  readonly #ip: IpBytes;
  #names: Promise<readonly string[]> | undefined;
  #notes: string[] = [];
  /** Terms that asked the DNS, and those of them that got nothing. */
  terms = 0;
  voids = 0;

  constructor(dns: Dns, ip: IpBytes) {
    this.#dns = dns;
    this.#ip = ip;
  }

  /** The questions since the last call. */
  takeNotes(): string[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  /** RFC 7208 §4.6.4: at most ten terms that cause look-ups, over all records together. */
  countTerm(): void {
    this.terms += 1;
    if (this.terms > spfLookupsMax) {
      throw new SpfAbort('permerror', `more than ${spfLookupsMax} mechanisms and modifiers that need DNS look-ups`);
    }
  }

  async spfRecords(name: string): Promise<readonly PublishedRecord[]> {
    return publishedRecords(await this.#ask(name, 'TXT'));
  }

  /** Addresses of the client's family. A name that is no valid domain has none (RFC 7208 §4.8). */
  async addresses(name: string): Promise<readonly string[]> {
    if (!isWellFormedDomain(name)) return [];
    const found = await this.#ask(name, this.#ip.length === 4 ? 'A' : 'AAAA');
    if (found.length === 0) this.#countVoid();
    return found;
  }

  /** RFC 7208 §5.7: always A, whatever the client's family. */
  async exists(name: string): Promise<boolean> {
    if (!isWellFormedDomain(name)) return false;
    const found = await this.#ask(name, 'A');
    if (found.length === 0) this.#countVoid();
    return found.length > 0;
  }

  /** Addresses of the MX hosts, best preference first, asked for one by one as the caller goes on. */
  async *mxAddresses(name: string): AsyncIterable<{ readonly host: string; readonly addresses: readonly string[] }> {
    if (!isWellFormedDomain(name)) return;
    const records = [...(await this.#ask(name, 'MX'))].sort((a, b) => a.preference - b.preference);
    // RFC 7208 §4.6.4: more than ten hosts is an error, not a reason to look at the first ten.
    if (records.length > spfMxAddressesMax) {
      throw new SpfAbort('permerror', `${name} has ${records.length} MX records, ${spfMxAddressesMax} are allowed`);
    }
    if (records.length === 0) this.#countVoid();
    const type = this.#ip.length === 4 ? 'A' : 'AAAA';
    for (const { exchange } of records) {
      // The limit on void look-ups counts terms, so hosts without an address of this family cost nothing here.
      if (isWellFormedDomain(exchange)) yield { host: exchange, addresses: await this.#ask(exchange, type) };
    }
  }

  /** Names of the client that resolve back to it (RFC 7208 §5.5). DNS failures mean none. */
  validatedNames(): Promise<readonly string[]> {
    this.#names ??= this.#validateNames();
    return this.#names;
  }

  /** %{p}: the domain itself if validated, else a name below it, else any; `unknown` when there is none (§7.3). */
  async validatedName(domain: string): Promise<string> {
    const names = await this.validatedNames();
    return names.find((name) => name === domain) ?? names.find((name) => isSameOrBelow(name, domain)) ?? names[0] ?? 'unknown';
  }

  async #validateNames(): Promise<readonly string[]> {
    const answer = await this.#query(reverseName(this.#ip), 'PTR');
    if (answer.kind === 'failure') return [];
    if (answer.kind !== 'found') {
      this.#countVoid();
      return [];
    }
    const valid: string[] = [];
    for (const name of answer.records.slice(0, spfPtrNamesMax)) {
      if (!isWellFormedDomain(name)) continue;
      const forward = await this.#query(name, this.#ip.length === 4 ? 'A' : 'AAAA');
      if (forward.kind === 'found' && forward.records.some((text) => isAddress(text, this.#ip))) valid.push(name.toLowerCase());
    }
    return valid;
  }

  #countVoid(): void {
    this.voids += 1;
    if (this.voids > spfVoidLookupsMax) {
      throw new SpfAbort('permerror', `more than ${spfVoidLookupsMax} look-ups found nothing`);
    }
  }

  async #ask<T extends RecordType>(name: string, type: T): Promise<Extract<DnsAnswer<T>, { kind: 'found' }>['records']> {
    const answer = await this.#query(name, type);
    switch (answer.kind) {
      case 'found':
        return answer.records;
      case 'nxdomain':
      case 'nodata':
        return [];
      case 'failure':
        throw new SpfAbort('temperror', `the look-up ${type} ${name} failed (${answer.reason})`);
    }
  }

  #query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
    this.#notes.push(`${type} ${name}`);
    return this.#dns.query(name, type);
  }
}

/** Does the address text lie in the client's network of `bits`? */
export function matchesAddress(text: string, ip: IpBytes, bits: number): boolean {
  const address = parseIp(text);
  return address !== undefined && sameNetwork(address, ip, bits);
}

function isAddress(text: string, ip: IpBytes): boolean {
  return matchesAddress(text, ip, ip.length * 8);
}
