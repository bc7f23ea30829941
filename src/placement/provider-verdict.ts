/**
 * What a provider wrote into the message about SPF, DKIM and DMARC. The topmost Authentication-Results is the provider's
 * own: whatever came with the message stands below it. Read leniently, since some leave the authserv-id out (RFC 8601 §2.2
 * asks for it) or add words of their own.
 */
import { parseHeader } from '../mail/header.ts';

export interface ProviderVerdict {
  /** `pass`, `fail` …; '' when the provider wrote nothing about it. */
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
}

const VALUE_CHARS_MAX = 8192;

/** `header` is the header of the message as the mailbox has it. */
export function providerVerdict(header: Buffer): ProviderVerdict {
  const { fields } = parseHeader(header);
  const field = fields.find(({ lower }) => lower === 'authentication-results') ?? fields.find(({ lower }) => lower === 'arc-authentication-results');
  const parts = withoutComments((field?.value ?? '').slice(0, VALUE_CHARS_MAX)).split(';').map((part) => part.trim().toLowerCase());
  const results = (method: string): readonly string[] => parts.flatMap((part) => (part.startsWith(`${method}=`) ? [/^[a-z]{1,20}/.exec(part.slice(method.length + 1))?.[0] ?? ''] : []));
  return { spf: results('spf')[0] ?? '', dkim: best(results('dkim')), dmarc: results('dmarc')[0] ?? '' };
}

/** Of several signatures one that passes is enough. */
function best(results: readonly string[]): string {
  return results.find((result) => result === 'pass') ?? results[0] ?? '';
}

function withoutComments(text: string): string {
  let depth = 0;
  let out = '';
  for (const character of text) {
    if (character === '(') depth += 1;
    else if (character === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) out += character;
  }
  return out;
}
