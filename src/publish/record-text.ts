/**
 * Values of records as a zone file writes them (RFC 1035 §5.1), and what they mean: the same value may be written in many
 * ways (case of names, strings of TXT cut elsewhere, an IPv6 address with its zeros), and only meaning is compared.
 */
import type { RecordData } from '../contract/dns.ts';
import type { PublishableType } from '../contract/dns-publishing.ts';
import { characterStrings, quoted } from '../wire/dns/text.ts';
import { canonicalValue, readCaa, writeCaa, type CaaValue } from './record-value.ts';

export { characterStrings, splitStrings } from '../wire/dns/text.ts';

export type PresentedType = Exclude<PublishableType, 'SVCB' | 'HTTPS'>;

/** Strings (latin1) as a zone file writes them. */
export function txtValue(strings: readonly string[]): string {
  return strings.map(quoted).join(' ');
}

/** The whole text of a TXT value. */
export function txtContent(value: string): string {
  return characterStrings(value).join('');
}

/** What the name server would send for this, in the contract's form, as a zone file writes it. */
export function valueOf<T extends PresentedType>(type: T, data: RecordData[T]): string {
  const row = { type, data } as { readonly [K in PresentedType]: { readonly type: K; readonly data: RecordData[K] } }[PresentedType];
  switch (row.type) {
    case 'A':
    case 'AAAA':
      return row.data;
    case 'PTR':
    case 'CNAME':
      return absolute(row.data);
    case 'MX':
      return `${row.data.preference} ${absolute(row.data.exchange)}`;
    case 'SRV':
      return `${row.data.priority} ${row.data.weight} ${row.data.port} ${absolute(row.data.target)}`;
    case 'TLSA':
      return `${row.data.usage} ${row.data.selector} ${row.data.matchingType} ${row.data.data.toString('hex')}`;
    case 'CAA':
      return `${row.data.flags} ${row.data.tag} ${quoted(row.data.value)}`;
    case 'TXT':
      return txtValue(row.data);
  }
}

/** With the trailing dot; the root is `.`. */
function absolute(name: string): string {
  return name === '' || name === '.' ? '.' : `${name.replace(/\.$/, '')}.`;
}

/** Equal for values that mean the same. What is not understood stays as it is, but for white space. */
export function meaningOfValue(type: PublishableType, value: string): string {
  if (type === 'TXT') return txtContent(value);
  const authority = type === 'CAA' ? readCaa(value) : undefined;
  return authority ? writeCaa(plainIssuer(authority)) : canonicalValue(type, value);
}

/** RFC 8659 §4.2: the authority is a domain name, read in any case, and white space around it and its parameters says nothing. */
function plainIssuer(caa: CaaValue): CaaValue {
  if (caa.tag !== 'issue' && caa.tag !== 'issuewild') return caa;
  const [issuer = '', ...parameters] = caa.value.split(';').map((part) => part.trim());
  return { ...caa, value: [issuer.toLowerCase(), ...parameters.filter((parameter) => parameter !== '')].join(';') };
}

/** Equal for sets of the same type that mean the same, in whatever order. */
export function meaningOfSet({ type, values }: { readonly type: PublishableType; readonly values: readonly string[] }): string {
  return values.map((value) => meaningOfValue(type, value)).toSorted().join('\n');
}
