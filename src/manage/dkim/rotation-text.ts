/** A rotation in words: what is to be published when. Pure. */
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { keyRecordOf } from '../../verify/dkim/judge-published.ts';

export interface RotationNote {
  readonly subject: string;
  readonly text: string;
}

/** Undefined: there is nothing to do for people now. */
export function rotationNote(row: RotationRow, keys: readonly KeyRow[]): RotationNote | undefined {
  const { domain, oldSelector, newSelector, phase, dueAt } = row;
  const fresh = keys.find(({ selector }) => selector === newSelector);
  if (phase === 'publishing' && fresh) {
    return {
      subject: `A new DKIM key of ${domain} is to be published`,
      text: `The DKIM key of ${domain} is being changed. Nothing is urgent: the old key${oldSelector === '' ? '' : ` (${oldSelector})`} signs until the new one is seen in the DNS.

Publish this record beside the others, and change none of them (where a [[dns.provider]] hosts the zone: posthorn dns apply ${domain}):

${keyRecordOf(fresh)}

This server looks for it by itself, waits until everybody can see it, and then signs with the new key.${row.trouble === '' ? '' : `\n\nWhen it looked last: ${row.trouble}`}

Where it stands: posthorn dkim rotate status ${domain}
`,
    };
  }
  if (phase === 'overlapping') {
    return {
      subject: `${domain} signs with a new DKIM key`,
      text: `Mail of ${domain} is signed with the key ${newSelector} from now on.

Leave the record of the old key in the DNS until ${day(dueAt)}: mail that it signed may still be on its way. You will be told when it may go.

  ${oldSelector}._domainkey.${domain}.
`,
    };
  }
  if (phase === 'withdrawing') {
    return {
      subject: `The old DKIM key of ${domain} may be taken out of the DNS`,
      text: `The key ${oldSelector} of ${domain} has not signed anything since ${day(row.switchedAt ?? 0)}, and its private half is deleted.

Take this record out of the DNS (or: posthorn dns apply ${domain}), or publish it with an empty key, which says that it is revoked:

${oldSelector}._domainkey.${domain}. TXT "v=DKIM1; p="
`,
    };
  }
  return undefined;
}

/** One line: where a rotation is and what happens next, when. */
export function rotationStatus({ phase, newSelector, oldSelector, dueAt, domain, trouble }: RotationRow): string {
  switch (phase) {
    case 'publishing':
      return `publish the record of ${newSelector}${trouble === '' ? '' : `: ${trouble}`}`;
    case 'waiting':
      return `the record of ${newSelector} is seen; it signs from ${moment(dueAt)} on${trouble === '' ? '' : `. ${trouble}`}`;
    case 'overlapping':
      return `${newSelector} signs; leave the record of ${oldSelector} until ${moment(dueAt)}`;
    case 'withdrawing':
      return `take ${oldSelector}._domainkey.${domain} out of the DNS, or publish it with an empty p=`;
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
