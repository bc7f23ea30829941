/**
 * The change from one DKIM key to the next, as a state machine. Pure: what is stored, what is seen in the DNS and the time
 * give what comes next. The steps (docs/decisions/0257):
 *
 *   publishing   the new key is made and does not sign; its record is to be published. Ends when the resolver and every
 *                name server of the zone that answers show it.
 *   waiting      until nobody can remember that the record was not there: its TTL, or the zone's negative TTL when that is
 *                longer, at least an hour. Then the keys change places; when the record is gone by then, back to publishing.
 *   overlapping  the new key signs, the record of the old one stays, for mail that is on its way ([dkim]
 *                keep-after-rotation).
 *   withdrawing  the private half of the old key is gone; its record may be taken out, or published with an empty p=.
 *   done         the old record is not seen any more, or a month has passed.
 */
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import type { KeySighting } from './key-sighting.ts';

export interface RotationSight {
  readonly now: number;
  /** Of the new key; asked for in publishing and waiting. */
  readonly fresh?: Pick<KeySighting, 'state' | 'ttlSeconds' | 'negativeSeconds' | 'lagging' | 'findings'>;
  /** Of the old one; asked for in withdrawing. */
  readonly old?: Pick<KeySighting, 'state'>;
  /** Milliseconds: [dkim] keep-after-rotation. */
  readonly keepOldMs: number;
}

export interface RotationStep {
  readonly row: RotationRow;
  /** What has to be done to the keys before the row is stored. */
  readonly act: 'none' | 'switch' | 'retire';
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const ROTATION_TIMES = {
  /** How soon what is not published yet is looked for again. */
  lookAgainMs: 15 * 60_000,
  waitMsMin: HOUR_MS,
  waitMsMax: 2 * DAY_MS,
  /** A record that nobody takes out does not keep a rotation open for ever. */
  withdrawMsMax: 30 * DAY_MS,
  withdrawLookMs: DAY_MS,
} as const;

/** The row itself with act `none` when nothing is due. */
export function nextStep(row: RotationRow, sight: RotationSight): RotationStep {
  switch (row.phase) {
    case 'publishing':
      return published(row, sight);
    case 'waiting':
      return sight.now < row.dueAt ? stay(row) : switchOver(row, sight);
    case 'overlapping':
      return sight.now < row.dueAt ? stay(row) : { row: { ...row, phase: 'withdrawing', retiredAt: sight.now, dueAt: sight.now + ROTATION_TIMES.withdrawLookMs, toldAt: null, publishedAt: null, trouble: '' }, act: 'retire' };
    case 'withdrawing':
      return withdrawn(row, sight);
    case 'done':
      return stay(row);
  }
}

const stay = (row: RotationRow): RotationStep => ({ row, act: 'none' });

function published(row: RotationRow, { now, fresh }: RotationSight): RotationStep {
  if (!fresh) return stay(row);
  const trouble = troubleOf(fresh);
  if (trouble !== '') return { row: { ...row, dueAt: now + ROTATION_TIMES.lookAgainMs, trouble }, act: 'none' };
  const seconds = Math.max(fresh.ttlSeconds ?? 0, fresh.negativeSeconds);
  const waitMs = Math.min(Math.max(seconds * 1000, ROTATION_TIMES.waitMsMin), ROTATION_TIMES.waitMsMax);
  return { row: { ...row, phase: 'waiting', dueAt: now + waitMs, trouble: '' }, act: 'none' };
}

function switchOver(row: RotationRow, { now, fresh, keepOldMs }: RotationSight): RotationStep {
  if (!fresh) return stay(row);
  // Nobody knows: not now, and no reason to start again.
  if (fresh.state === 'unknown') return { row: { ...row, dueAt: now + ROTATION_TIMES.lookAgainMs, trouble: troubleOf(fresh) }, act: 'none' };
  const trouble = troubleOf(fresh);
  if (trouble !== '') return { row: { ...row, phase: 'publishing', dueAt: now + ROTATION_TIMES.lookAgainMs, toldAt: null, publishedAt: null, trouble }, act: 'none' };
  const next: RotationRow = { ...row, switchedAt: now, toldAt: null, trouble: '', ...(row.oldSelector === '' ? { phase: 'done', dueAt: now } : { phase: 'overlapping', dueAt: now + keepOldMs }) };
  return { row: next, act: 'switch' };
}

function withdrawn(row: RotationRow, { now, old }: RotationSight): RotationStep {
  if ((old && isGone(old.state)) || now - (row.retiredAt ?? now) > ROTATION_TIMES.withdrawMsMax) return { row: { ...row, phase: 'done', dueAt: now, trouble: '' }, act: 'none' };
  return old === undefined ? stay(row) : { row: { ...row, dueAt: now + ROTATION_TIMES.withdrawLookMs }, act: 'none' };
}

/** Nothing is left to be taken out. */
export function isGone(state: KeySighting['state']): boolean {
  return state === 'missing' || state === 'revoked';
}

function troubleOf({ state, lagging, findings }: NonNullable<RotationSight['fresh']>): string {
  if (state !== 'right') return findings.find(({ level }) => level === 'fail' || level === 'unknown')?.text ?? 'The record is not seen yet.';
  if (lagging.length === 0) return '';
  return `Not every name server of the zone has it yet: ${lagging.map(({ host }) => host).join(', ')}.`;
}
