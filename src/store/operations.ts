/**
 * The table of everything the storage thread can do, by noun. A write runs inside the transaction of its batch, in a
 * savepoint of its own; a read runs outside of transactions and sees what is committed.
 *
 * To add a noun: write store/ops/<noun>.ts with `<noun>Writes` and `<noun>Reads`, and add it to both tables here.
 * Operations are `(db, args) => result`, synchronous, and throw a Failure for what the caller must be told.
 */
import { activityReads } from './ops/activity.ts';
import { annotationReads, annotationWrites } from './ops/annotations.ts';
import { appPasswordReads, appPasswordWrites } from './ops/app-passwords.ts';
import { bodyReads, bodyWrites } from './ops/bodies.ts';
import { choreReads, choreWrites } from './ops/chores.ts';
import { ipListingReads, ipListingWrites } from './ops/ip-listings.ts';
import { dkimRotationReads, dkimRotationWrites } from './ops/dkim-rotations.ts';
import { dashboardReads, dashboardWrites } from './ops/dashboards.ts';
import { directoryReads, directoryWrites } from './ops/directory.ts';
import { dnsPublishingReads, dnsPublishingWrites } from './ops/dns-publishing.ts';
import { examinationReads, examinationWrites } from './ops/examinations.ts';
import { folderMessageWrites } from './ops/folder-messages.ts';
import { folderMessageReads, folderReads } from './ops/folder-reads.ts';
import { folderWrites } from './ops/folders.ts';
import { guardReads, guardWrites } from './ops/guard.ts';
import { importReads, importWrites } from './ops/imports.ts';
import { integrityReads } from './ops/integrity.ts';
import { keyReads, keyWrites } from './ops/keys.ts';
import { laneReads, laneWrites } from './ops/lanes.ts';
import { loginReads, loginWrites } from './ops/logins.ts';
import { mailQuotaReads, mailQuotaWrites } from './ops/mail-quotas.ts';
import { mailboxReads } from './ops/mailboxes.ts';
import { mailReads } from './ops/mails.ts';
import { mailTestReads, mailTestWrites } from './ops/mail-tests.ts';
import { placementReads, placementWrites } from './ops/placement.ts';
import { queueAdminReads, queueAdminWrites } from './ops/queue-admin.ts';
import { queueReads, queueWrites } from './ops/queue.ts';
import { removedFolderWrites } from './ops/removed-folders.ts';
import { reportsOutReads, reportsOutWrites } from './ops/reports-out.ts';
import { retentionReads, retentionWrites } from './ops/retention.ts';
import { reportReads, reportWrites } from './ops/reports.ts';
import { repairWrites } from './ops/repairs.ts';
import { routeReads, routeWrites } from './ops/routes.ts';
import { secondFactorReads, secondFactorWrites } from './ops/second-factors.ts';
import { sendingDayReads, sendingDayWrites } from './ops/sending-days.ts';
import { sharingReads, sharingWrites } from './ops/sharing.ts';
import { scriptReads, scriptWrites } from './ops/scripts.ts';
import { srsReads, srsWrites } from './ops/srs.ts';
import { stsPolicyReads, stsPolicyWrites } from './ops/sts-policies.ts';
import { stsPublicationReads, stsPublicationWrites } from './ops/sts-publications.ts';
import { suppressionReads, suppressionWrites } from './ops/suppressions.ts';
import { timelineReads, timelineWrites } from './ops/timeline.ts';
import { undeleteReads, undeleteWrites } from './ops/undelete.ts';
import { usageReads, usageWrites } from './ops/usage.ts';
import { tlsResultReads, tlsResultWrites } from './ops/tls-results.ts';

export const writes = {
  annotations: annotationWrites,
  appPasswords: appPasswordWrites,
  bodies: bodyWrites,
  chores: choreWrites,
  ipListings: ipListingWrites,
  dashboards: dashboardWrites,
  directory: directoryWrites,
  dkimRotations: dkimRotationWrites,
  dnsPublishing: dnsPublishingWrites,
  examinations: examinationWrites,
  folderMessages: folderMessageWrites,
  folders: { ...folderWrites, ...removedFolderWrites },
  guard: guardWrites,
  imports: importWrites,
  keys: keyWrites,
  lanes: laneWrites,
  logins: loginWrites,
  mailQuotas: mailQuotaWrites,
  mailTests: mailTestWrites,
  placement: placementWrites,
  queue: queueWrites,
  queueAdmin: queueAdminWrites,
  reportsOut: reportsOutWrites,
  retention: retentionWrites,
  repairs: repairWrites,
  reports: reportWrites,
  routes: routeWrites,
  secondFactors: secondFactorWrites,
  sendingDays: sendingDayWrites,
  sharing: sharingWrites,
  scripts: scriptWrites,
  srs: srsWrites,
  stsPolicies: stsPolicyWrites,
  stsPublications: stsPublicationWrites,
  suppressions: suppressionWrites,
  timeline: timelineWrites,
  undelete: undeleteWrites,
  usage: usageWrites,
  tlsResults: tlsResultWrites,
};

export const reads = {
  activity: activityReads,
  annotations: annotationReads,
  appPasswords: appPasswordReads,
  bodies: bodyReads,
  chores: choreReads,
  ipListings: ipListingReads,
  dashboards: dashboardReads,
  directory: directoryReads,
  dkimRotations: dkimRotationReads,
  dnsPublishing: dnsPublishingReads,
  examinations: examinationReads,
  folderMessages: folderMessageReads,
  folders: folderReads,
  guard: guardReads,
  imports: importReads,
  integrity: integrityReads,
  keys: keyReads,
  lanes: laneReads,
  logins: loginReads,
  mailQuotas: mailQuotaReads,
  mailTests: mailTestReads,
  mailboxes: mailboxReads,
  mails: mailReads,
  placement: placementReads,
  queue: queueReads,
  queueAdmin: queueAdminReads,
  reportsOut: reportsOutReads,
  reports: reportReads,
  retention: retentionReads,
  routes: routeReads,
  secondFactors: secondFactorReads,
  sendingDays: sendingDayReads,
  sharing: sharingReads,
  scripts: scriptReads,
  srs: srsReads,
  stsPolicies: stsPolicyReads,
  stsPublications: stsPublicationReads,
  suppressions: suppressionReads,
  timeline: timelineReads,
  undelete: undeleteReads,
  usage: usageReads,
  tlsResults: tlsResultReads,
};

/** Writes that bring something new in: while the disk is full they wait outside, and get nothing of the reserve. */
export const postponable: ReadonlySet<string> = new Set(['bodies.add', 'routes.noteCheck', 'folderMessages.append', 'folderMessages.replace', 'imports.put', 'queue.insert', 'srs.remember']);

/** Operations whose typed arrays are handed over instead of being copied. */
export const handedOver: ReadonlySet<string> = new Set(['folderMessages.snapshot', 'folderMessages.changes', 'folderMessages.vanished', 'folderMessages.setFlags', 'folderMessages.transfer', 'folderMessages.expunge', 'mails.contents', 'mails.headers', 'queue.facts', 'queueAdmin.waitingText']);

export type Operations = {
  [Noun in keyof typeof writes | keyof typeof reads]: (Noun extends keyof typeof writes ? (typeof writes)[Noun] : unknown) &
    (Noun extends keyof typeof reads ? (typeof reads)[Noun] : unknown);
};
