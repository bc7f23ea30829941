/** Every verb of the program, in the order in which the documentation lists them. Each part adds its own array here. */
import { accountAccessVerbs } from './directory/account-access.ts';
import { accountMailboxVerbs } from './directory/account-mailbox.ts';
import { accountVerbs } from './directory/account.ts';
import { aliasVerbs } from './directory/alias.ts';
import { rulesVerbs } from './sieve/rules.ts';
import { sieveVerbs } from './sieve/sieve.ts';
import { dnsApplyVerbs } from './dns/dns-applying.ts';
import { dnsPlanVerbs } from './dns/dns-planning.ts';
import { dashboardVerbs } from './dashboards/dashboard-verbs.ts';
import { dmarcPlanVerbs } from './authentication/dmarc-plan.ts';
import { dnsVerbs } from './dns/dns.ts';
import { dkimVerbs } from './dkim/verbs.ts';
import { doctorVerbs } from './doctor/doctor.ts';
import { mailTestVerbs } from './mail-test/mail-tests.ts';
import { examinationVerbs } from './doctor/examinations.ts';
import { guardVerbs } from './doctor/guard.ts';
import { domainVerbs } from './directory/domain.ts';
import { exportVerbs } from './transfer/export-mail.ts';
import { importVerbs } from './transfer/import-verbs.ts';
import { ipVerbs } from './addresses/ip.ts';
import { ipListingVerbs } from './addresses/ip-listings.ts';
import { mailSearchVerbs } from './mailbox/mail-search.ts';
import { mailboxRetentionVerbs } from './mailbox/mailbox-retention.ts';
import { mailboxVerbs } from './mailbox/mailbox.ts';
import { metricsVerbs } from './metrics/metrics.ts';
import { queueVerbs } from './queue/queue.ts';
import { placementVerbs } from './sending/placement.ts';
import { quotaVerbs } from './mailbox/quota.ts';
import { shapingVerbs } from './addresses/shaping.ts';
import { srsVerbs } from './forwarding/srs.ts';
import { policyFactsVerbs } from './doctor/policy-facts.ts';
import { stsPublicationVerbs } from './tls/sts-publication.ts';
import { suppressionVerbs } from './suppression.ts';
import { tlsVerbs } from './tls/tls.ts';
import { receivedReportVerbs } from './reports/reports.ts';
import { reportSentVerbs } from './reports/report-sent.ts';
import { reportSendVerbs } from './reports-out/report-send.ts';
import { routeVerbs } from './route/route.ts';
import { traceVerbs } from './trace/trace.ts';
import type { Verb } from './verb.ts';
import { repairVerbs } from './transfer/verify-store.ts';

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
