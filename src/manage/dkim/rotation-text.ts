/** A rotation in words: what is to be published when. Pure. */
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { keyRecordOf } from '../../verify/dkim/judge-published.ts';
import { ROTATION_TIMES } from './rotation-step.ts';

export interface RotationNote {
  readonly subject: string;
  readonly text: string;
}

/** Undefined: there is nothing to do for people now. */
export function rotationNote(row: RotationRow, keys: readonly KeyRow[]): RotationNote | undefined {
  const { domain, oldSelector, furtherOld, newSelector, phase, dueAt } = row;
  const old = [oldSelector, ...furtherOld];
  const [key, record, it] = furtherOld.length === 0 ? ['key', 'record', 'it'] : ['keys', 'records', 'they'];
  const fresh = keys.find(({ selector }) => selector === newSelector);
  if (phase === 'publishing' && fresh) {
    return {
      subject: `A new DKIM key of ${domain} is to be published`,
      text: `The DKIM key of ${domain} is being changed. ${oldSelector === '' ? 'Its mail goes out unsigned until the new key is seen in the DNS.' : `Nothing is urgent: the old ${key} (${old.join(', ')}) ${furtherOld.length === 0 ? 'signs' : 'sign'} until the new one is seen in the DNS.`}

${toDo(row, keyRecordOf(fresh))}

This server looks for it every quarter of an hour, waits until everybody can see it, and then signs with the new key.${row.trouble === '' ? '' : `\n\nWhen it looked last, at ${moment(dueAt - ROTATION_TIMES.lookAgainMs)}: ${row.trouble}`}

Where it stands: posthorn dkim rotate status ${domain}
`,
    };
  }
  if (phase === 'overlapping') {
    return {
      subject: `${domain} signs with a new DKIM key`,
      text: `Mail of ${domain} is signed with the key ${newSelector} from now on.

There is nothing to do now. Leave the ${record} of the old ${key} in the DNS until ${day(dueAt)}: mail that ${it} signed may still be on its way. You will be told when ${it} may go, unless this server takes ${furtherOld.length === 0 ? 'it' : 'them'} out by itself.

The ${record} that ${furtherOld.length === 0 ? 'stays' : 'stay'} for now: ${old.map((selector) => `${selector}._domainkey.${domain}`).join(', ')}
`,
    };
  }
  if (phase === 'withdrawing') {
    return {
      subject: `The old DKIM ${key} of ${domain} may be taken out of the DNS`,
      text: `The ${key} ${old.join(', ')} of ${domain} ${furtherOld.length === 0 ? 'has' : 'have'} not signed anything since ${day(row.switchedAt ?? 0)}; what is secret of ${furtherOld.length === 0 ? 'it' : 'them'} is deleted.

Open the list of DNS records where you manage ${domain} (mostly where you bought the name), look for the ${record} of type TXT with ${furtherOld.length === 0 ? 'this name, and delete it' : 'these names, and delete them'}:

${old.map((selector) => `  ${recordName(selector, domain)}`).join('\n')}

That is all. Nothing breaks when ${it} ${furtherOld.length === 0 ? 'stays' : 'stay'} for some time.
`,
    };
  }
  return undefined;
}

/** How the mask of a DNS panel wants it: the name within the zone. */
function recordName(selector: string, domain: string): string {
  return `${selector}._domainkey   (some panels want the full name: ${selector}._domainkey.${domain})`;
}

/** `line`: as a zone file writes it, the text in pieces between quotation marks. */
function toDo({ domain, newSelector }: RotationRow, line: string): string {
  return `Open the list of DNS records where you manage ${domain} (mostly where you bought the name), and add a record; change none of the others:

  Type:   TXT
  Name:   ${recordName(newSelector, domain)}
  Value:  ${[...line.matchAll(/"([^"]*)"/g)].map(([, piece]) => piece).join('')}

Who edits zone files adds this line:

${line}`;
}

/** One line: where a rotation is and what happens next, when. */
export function rotationStatus(row: RotationRow): string {
  const { phase, newSelector, dueAt, domain, trouble } = row;
  const old = [row.oldSelector, ...row.furtherOld];
  switch (phase) {
    case 'publishing':
      if (row.publishedAt !== null) return `the record of ${newSelector} is published; waiting until it is seen everywhere${trouble === '' ? '' : `: ${trouble}`}`;
      return `publish the record of ${newSelector}${trouble === '' ? '' : `: ${trouble}`}`;
    case 'waiting':
      return `the record of ${newSelector} is seen; it signs from ${moment(dueAt)} on${trouble === '' ? '' : `. ${trouble}`}`;
    case 'overlapping':
      return `${newSelector} signs; leave the record of ${old.join(' and ')} until ${moment(dueAt)}`;
    case 'withdrawing':
      if (row.publishedAt !== null) return `the record of ${old.join(' and ')} is taken out; waiting until nobody remembers it`;
      return `take ${old.map((selector) => `${selector}._domainkey.${domain}`).join(' and ')} out of the DNS${trouble === '' ? '' : `: ${trouble}`}`;
    case 'done':
      return `${newSelector} signs; nothing is left to do`;
  }
}

/** The dates of a rotation that begins now and whose record is published at once. Milliseconds since 1970. */
export function plannedDates(now: number, keepOldMs: number): { readonly publish: number; readonly switch: number; readonly retire: number } {
  const switchAt = now + 3_600_000;
  return { publish: now, switch: switchAt, retire: switchAt + keepOldMs };
}

export function moment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
