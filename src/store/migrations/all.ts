/** Every migration, in order. To add one: a file `<nnn>-<noun>.ts` beside this one, and its line here. */
import type { Migration } from '../migrate.ts';
import { queueMigration } from './001-queue.ts';
import { directoryMigration } from './010-directory.ts';
import { keysMigration } from './011-keys.ts';
import { mailboxesMigration } from './012-mailboxes.ts';
import { schedulingMigration } from './020-scheduling.ts';
import { shapingMigration } from './021-shaping.ts';
import { suppressionsMigration } from './022-suppressions.ts';
import { tlsMigration } from './023-tls.ts';
import { routesMigration } from './024-routes.ts';
import { forwardingMigration } from './025-forwarding.ts';
import { queueFactsMigration } from './026-queue-facts.ts';
import { dueSetAtMigration } from './027-due-set-at.ts';
import { mailsMigration } from './030-mails.ts';
import { retentionMigration } from './031-retention.ts';
import { scriptsMigration } from './045-scripts.ts';
import { loginsMigration } from './050-logins.ts';
import { importsMigration } from './055-imports.ts';
import { impliedFoldersMigration } from './056-implied-folders.ts';
import { choresMigration } from './057-chores.ts';
import { ipListingsMigration } from './065-ip-listings.ts';
import { mailTestsMigration } from './058-mail-tests.ts';
import { dnsPublishingMigration } from './059-dns-publishing.ts';
import { examinationsMigration } from './060-examinations.ts';
import { sendingDaysMigration } from './061-sending-days.ts';
import { reportsOutMigration } from './064-reports-out.ts';
import { dashboardsMigration } from './066-dashboards.ts';
import { dkimRotationsMigration } from './067-dkim-rotations.ts';
import { dkimRotationPublishedMigration } from './077-dkim-rotation-published.ts';
import { findingCausesMigration } from './078-finding-causes.ts';
import { stsTestedMigration } from './079-sts-tested.ts';
import { dnsUndonePoliciesMigration } from './080-dns-undone-policies.ts';
import { dkimRotationFurtherMigration } from './083-dkim-rotation-further.ts';
import { stsPublicationsMigration } from './068-sts-publications.ts';
import { reportsMigration } from './062-reports.ts';
import { suppressionStreamsMigration } from './063-suppression-streams.ts';
import { placementMigration } from './069-placement.ts';
import { lookupRunsMigration } from './075-lookup-runs.ts';
import { sendingIdentitiesMigration } from './076-sending-identities.ts';

export const migrations: readonly Migration[] = [
  queueMigration,
  directoryMigration,
  keysMigration,
  mailboxesMigration,
  schedulingMigration,
  shapingMigration,
  suppressionsMigration,
  tlsMigration,
  routesMigration,
  forwardingMigration,
  queueFactsMigration,
  dueSetAtMigration,
  mailsMigration,
  retentionMigration,
  scriptsMigration,
  loginsMigration,
  importsMigration,
  impliedFoldersMigration,
  choresMigration,
  mailTestsMigration,
  dnsPublishingMigration,
  examinationsMigration,
  sendingDaysMigration,
  reportsOutMigration,
  dashboardsMigration,
  ipListingsMigration,
  dkimRotationsMigration,
  stsPublicationsMigration,
  reportsMigration,
  suppressionStreamsMigration,
  placementMigration,
  lookupRunsMigration,
  sendingIdentitiesMigration,
  dkimRotationPublishedMigration,
  findingCausesMigration,
  stsTestedMigration,
  dnsUndonePoliciesMigration,
  dkimRotationFurtherMigration,
];
