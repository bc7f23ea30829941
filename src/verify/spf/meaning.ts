/** What each term of an SPF record says, in words for somebody who does not know SPF. */
import { shownTerm, type Directive, type Qualifier } from './record.ts';

const VERDICTS: Readonly<Record<Qualifier, string>> = {
  '+': 'may send',
  '-': 'may not send (fail)',
  '~': 'probably may not send (softfail)',
  '?': 'is neither allowed nor forbidden (neutral)',
};

/** `domain` is the one whose record this is; `target` the name that the term looks up, macros as written. */
export function meaningOf(directive: Directive, domain: string, name: string): string {
  const target = shownTerm(name);
  const verdict = VERDICTS[directive.qualifier];
  switch (directive.kind) {
    case 'all':
      return `every other address ${verdict}`;
    case 'ip4':
    case 'ip6':
      return `${directive.bits === directive.network.length * 8 ? 'the address' : 'an address in'} ${directive.term.replace(/^[+\-~?]?ip[46]:/i, '')} ${verdict}`;
    case 'a':
      return `${withBits('an address', directive)} of ${target} ${verdict}`;
    case 'mx':
      return `${withBits('a mail server (MX)', directive)} of ${target} ${verdict}`;
    case 'include':
      return `whoever the record of ${target} lets pass ${verdict}${name === domain ? ' (a circle)' : ''}`;
    case 'exists':
      return `when ${target} exists in the DNS, the address ${verdict}`;
    case 'ptr':
      return `an address whose reverse name is below ${target} ${verdict}; slow, and not to be used any more (RFC 7208 §5.5)`;
  }
}

function withBits(what: string, { v4Bits, v6Bits }: { readonly v4Bits: number; readonly v6Bits: number }): string {
  const wider = [...(v4Bits < 32 ? [`/${v4Bits}`] : []), ...(v6Bits < 128 ? [`//${v6Bits}`] : [])];
  return wider.length === 0 ? what : `${what}, with the ${wider.join(' and ')} around it,`;
}
