/** Every verb of the program, in the order in which the documentation lists them. Each part adds its own array here. */
import { accountAccessVerbs } from './account-access.ts';
import { accountMailboxVerbs } from './account-mailbox.ts';
import { accountVerbs } from './account.ts';
import { aliasVerbs } from './alias.ts';
import { rulesVerbs } from './rules.ts';
import { sieveVerbs } from './sieve.ts';
import { dnsApplyVerbs } from './dns-applying.ts';
import { dnsPlanVerbs } from './dns-planning.ts';
import { dashboardVerbs } from './dashboards/dashboard-verbs.ts';
import { dmarcPlanVerbs } from './dmarc-plan.ts';
import { dnsVerbs } from './dns.ts';
import { dkimVerbs } from './dkim/verbs.ts';
import { doctorVerbs } from './doctor.ts';
import { mailTestVerbs } from './mail-tests.ts';
import { examinationVerbs } from './examinations.ts';
import { guardVerbs } from './guard.ts';
import { domainVerbs } from './domain.ts';
import { exportVerbs } from './export-mail.ts';
import { importVerbs } from './import-verbs.ts';
import { ipVerbs } from './ip.ts';
import { ipListingVerbs } from './ip-listings.ts';
import { mailSearchVerbs } from './mail-search.ts';
import { mailboxRetentionVerbs } from './mailbox-retention.ts';
import { mailboxVerbs } from './mailbox.ts';
import { metricsVerbs } from './metrics.ts';
import { queueVerbs } from './queue.ts';
import { placementVerbs } from './placement.ts';
import { quotaVerbs } from './quota.ts';
import { shapingVerbs } from './shaping.ts';
import { srsVerbs } from './srs.ts';
import { policyFactsVerbs } from './policy-facts.ts';
import { stsPublicationVerbs } from './sts-publication.ts';
import { suppressionVerbs } from './suppression.ts';
import { tlsVerbs } from './tls.ts';
import { receivedReportVerbs } from './reports.ts';
import { reportSentVerbs } from './report-sent.ts';
import { reportSendVerbs } from './reports-out/report-send.ts';
import { routeVerbs } from './route.ts';
import { traceVerbs } from './trace.ts';
import type { Verb } from './verb.ts';
import { repairVerbs } from './verify-store.ts';

// The list is the one place where verbs of different arguments meet; each checks its own with its schema.
// oxlint-disable-next-line typescript/no-explicit-any
export const verbs: readonly Verb<any, any>[] = [
  ...accountVerbs,
  ...accountAccessVerbs,
  ...accountMailboxVerbs,
  ...aliasVerbs,
  ...sieveVerbs,
  ...rulesVerbs,
  ...domainVerbs,
  ...dkimVerbs,
  ...doctorVerbs,
  ...mailTestVerbs,
  ...examinationVerbs,
  ...guardVerbs,
  ...placementVerbs,
  ...dmarcPlanVerbs,
  ...dnsVerbs,
  ...dnsPlanVerbs,
  ...dnsApplyVerbs,
  ...exportVerbs,
  ...importVerbs,
  ...ipVerbs,
  ...ipListingVerbs,
  ...mailboxVerbs,
  ...mailboxRetentionVerbs,
  ...mailSearchVerbs,
  ...metricsVerbs,
  ...queueVerbs,
  ...quotaVerbs,
  ...shapingVerbs,
  ...srsVerbs,
  ...policyFactsVerbs,
  ...stsPublicationVerbs,
  ...suppressionVerbs,
  ...tlsVerbs,
  ...receivedReportVerbs,
  ...reportSentVerbs,
  ...reportSendVerbs,
  ...dashboardVerbs,
  ...routeVerbs,
  ...traceVerbs,
  ...repairVerbs,
];
