/**
 * Kinds of arguments that many verbs take, and what is said when one is wrong: one sentence that tells what to write
 * instead. The schema library's own words are for programmers and reach nobody.
 */
import { z } from 'zod';
import { isDomainName, parseMailbox } from '../mail/address.ts';

/** A name that may be a domain, in any spelling; verbs compare `domainKey(name)`. Whether it is ours they find out. */
export const domainArgument = z.string().refine(isDomainName, saying((given) => (given.trim() === '' ? 'the domain is empty: write it like example.org' : `${JSON.stringify(given)} is not a domain name: write it like example.org`)));

/** An address of a mailbox, no address literal; verbs compare `mailboxKey(address)`. */
export const addressArgument = z.string().refine(isHostedAddress, saying((given) => `${JSON.stringify(given)} is not an address: write it like name@example.org`));

/** A name of one or more labels below `_domainkey` (RFC 6376 §3.1). */
export const selectorArgument = z.string().refine((given) => given.length <= 63 && isDomainName(given), saying((given) => `${JSON.stringify(given)} cannot be a selector: use letters, digits and hyphens, 63 at most, such as s2026`));

/** All that is wrong with the arguments, as one sentence. */
export function wrongArguments(issues: readonly z.core.$ZodIssue[]): string {
  return issues.map(problemOf).join('; ');
}

/** A refinement's error that is a whole sentence, not a remark about the argument that it is put behind. */
export function saying(sentence: (given: string) => string) {
  return { error: ({ input }: { readonly input?: unknown }) => sentence(String(input)), params: { sentence: true } };
}

function isHostedAddress(given: string): boolean {
  return parseMailbox(given, { utf8: true })?.domain.startsWith('[') === false;
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && issue.params?.['sentence'] === true) return issue.message;
  if (issue.code === 'unrecognized_keys') return `there is no argument ${issue.keys.join(', ')}`;
  const problem = remarkOn(issue);
  return issue.path.length === 0 ? problem : `${issue.path.map(inWords).join('.')} ${problem}`;
}

/** What an argument has to be, to stand behind its name. */
function remarkOn(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string') return issue.minimum === 1 ? 'must not be empty' : `is too short: give ${issue.minimum} characters at least`;
      return issue.origin === 'array' ? `is too short: give ${issue.minimum} at least` : `must be ${issue.minimum} at least`;
    case 'too_big':
      if (issue.origin === 'string') return `is too long: give ${issue.maximum} characters at most`;
      return issue.origin === 'array' ? `is too long: give ${issue.maximum} at most` : `must be ${issue.maximum} at most`;
    case 'invalid_type':
      return issue.input === undefined && issue.message.endsWith('undefined') ? 'is missing' : `must be a ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return 'has none of the forms that it may have';
    default:
      return issue.message.startsWith('Invalid') ? 'is not written as it must be' : issue.message.replace(/^(?!must )/, 'must be ');
  }
}

/** `aliasOf` as `alias-of`, the way options are written. */
function inWords(key: PropertyKey): string {
  return String(key).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
