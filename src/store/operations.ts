/**
 * The table of everything the storage thread can do, by noun. A write runs inside the transaction of its batch, in a
 * savepoint of its own; a read runs outside of transactions and sees what is committed.
 *
 * To add a noun: write store/ops/<noun>.ts with `<noun>Writes` and `<noun>Reads`, and add it to both tables here.
 * Operations are `(db, args) => result`, synchronous, and throw a Failure for what the caller must be told.
 */
import { activityReads } from './ops/activity.ts';
import { bodyReads, bodyWrites } from './ops/bodies.ts';
import { directoryReads, directoryWrites } from './ops/directory.ts';
import { integrityReads } from './ops/integrity.ts';
import { keyReads, keyWrites } from './ops/keys.ts';
import { laneReads, laneWrites } from './ops/lanes.ts';
import { mailboxReads, mailboxWrites } from './ops/mailboxes.ts';
import { queueAdminReads, queueAdminWrites } from './ops/queue-admin.ts';
import { queueReads, queueWrites } from './ops/queue.ts';
import { routeReads, routeWrites } from './ops/routes.ts';
import { srsReads, srsWrites } from './ops/srs.ts';
import { stsPolicyReads, stsPolicyWrites } from './ops/sts-policies.ts';
import { suppressionReads, suppressionWrites } from './ops/suppressions.ts';
import { timelineReads, timelineWrites } from './ops/timeline.ts';
import { usageReads, usageWrites } from './ops/usage.ts';
import { tlsResultReads, tlsResultWrites } from './ops/tls-results.ts';

export const writes = {
  bodies: bodyWrites,
  directory: directoryWrites,
  keys: keyWrites,
  lanes: laneWrites,
  mailboxes: mailboxWrites,
  queue: queueWrites,
  queueAdmin: queueAdminWrites,
  routes: routeWrites,
  srs: srsWrites,
  stsPolicies: stsPolicyWrites,
  suppressions: suppressionWrites,
  timeline: timelineWrites,
  usage: usageWrites,
  tlsResults: tlsResultWrites,
};

export const reads = {
  activity: activityReads,
  bodies: bodyReads,
  directory: directoryReads,
  integrity: integrityReads,
  keys: keyReads,
  lanes: laneReads,
  mailboxes: mailboxReads,
  queue: queueReads,
  queueAdmin: queueAdminReads,
  routes: routeReads,
  srs: srsReads,
  stsPolicies: stsPolicyReads,
  suppressions: suppressionReads,
  timeline: timelineReads,
  usage: usageReads,
  tlsResults: tlsResultReads,
};

/** Writes that bring something new in: while the disk is full they wait outside, and get nothing of the reserve. */
export const postponable: ReadonlySet<string> = new Set(['bodies.add', 'routes.noteCheck', 'mailboxes.append', 'mailboxes.copy', 'queue.insert', 'srs.remember']);

export type Operations = {
  [Noun in keyof typeof writes | keyof typeof reads]: (Noun extends keyof typeof writes ? (typeof writes)[Noun] : unknown) &
    (Noun extends keyof typeof reads ? (typeof reads)[Noun] : unknown);
};
