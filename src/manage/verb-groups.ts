/**
 * Where the verbs are, in the order in which the documentation lists them. Each part adds its own line here. They are loaded
 * when somebody asks for them: most of a server's life nobody does, and together they are a third of the program.
 */
import type { AnyVerb } from './local-call.ts';

interface VerbGroup {
  /** What stands before the dot in the names of its verbs. */
  readonly nouns: readonly string[];
  load(): Promise<readonly AnyVerb[]>;
}

export const VERB_GROUPS: readonly VerbGroup[] = [
  { nouns: ['account'], load: async () => (await import('./directory/account.ts')).accountVerbs },
  { nouns: ['account'], load: async () => (await import('./directory/account-access.ts')).accountAccessVerbs },
  { nouns: ['account'], load: async () => (await import('./directory/account-mailbox.ts')).accountMailboxVerbs },
  { nouns: ['alias'], load: async () => (await import('./directory/alias.ts')).aliasVerbs },
  { nouns: ['sieve'], load: async () => (await import('./sieve/sieve.ts')).sieveVerbs },
  { nouns: ['rules'], load: async () => (await import('./sieve/rules.ts')).rulesVerbs },
  { nouns: ['domain'], load: async () => (await import('./directory/domain.ts')).domainVerbs },
  { nouns: ['dkim'], load: async () => (await import('./dkim/verbs.ts')).dkimVerbs },
  { nouns: ['doctor'], load: async () => (await import('./doctor/doctor.ts')).doctorVerbs },
  { nouns: ['score'], load: async () => (await import('./mail-test/mail-tests.ts')).mailTestVerbs },
  { nouns: ['doctor'], load: async () => (await import('./doctor/examinations.ts')).examinationVerbs },
  { nouns: ['guard'], load: async () => (await import('./doctor/guard.ts')).guardVerbs },
  { nouns: ['placement'], load: async () => (await import('./sending/placement.ts')).placementVerbs },
  { nouns: ['dmarc'], load: async () => (await import('./authentication/dmarc-plan.ts')).dmarcPlanVerbs },
  { nouns: ['dns'], load: async () => (await import('./dns/dns.ts')).dnsVerbs },
  { nouns: ['dns'], load: async () => (await import('./dns/dns-planning.ts')).dnsPlanVerbs },
  { nouns: ['dns'], load: async () => (await import('./dns/dns-applying.ts')).dnsApplyVerbs },
  { nouns: ['export'], load: async () => (await import('./transfer/export-mail.ts')).exportVerbs },
  { nouns: ['import'], load: async () => (await import('./transfer/import-verbs.ts')).importVerbs },
  { nouns: ['ip'], load: async () => (await import('./addresses/ip.ts')).ipVerbs },
  { nouns: ['ip'], load: async () => (await import('./addresses/ip-listings.ts')).ipListingVerbs },
  { nouns: ['mailbox'], load: async () => (await import('./mailbox/mailbox.ts')).mailboxVerbs },
  { nouns: ['mailbox'], load: async () => (await import('./mailbox/mailbox-retention.ts')).mailboxRetentionVerbs },
  { nouns: ['mailbox'], load: async () => (await import('./mailbox/mail-search.ts')).mailSearchVerbs },
  { nouns: ['metrics'], load: async () => (await import('./metrics/metrics.ts')).metricsVerbs },
  { nouns: ['queue'], load: async () => (await import('./queue/queue.ts')).queueVerbs },
  { nouns: ['quota', 'brake'], load: async () => (await import('./mailbox/quota.ts')).quotaVerbs },
  { nouns: ['shaping'], load: async () => (await import('./addresses/shaping.ts')).shapingVerbs },
  { nouns: ['srs'], load: async () => (await import('./forwarding/srs.ts')).srsVerbs },
  { nouns: ['tls'], load: async () => (await import('./doctor/policy-facts.ts')).policyFactsVerbs },
  { nouns: ['tls'], load: async () => (await import('./tls/sts-publication.ts')).stsPublicationVerbs },
  { nouns: ['suppression'], load: async () => (await import('./suppression.ts')).suppressionVerbs },
  { nouns: ['tls'], load: async () => (await import('./tls/tls.ts')).tlsVerbs },
  { nouns: ['report'], load: async () => (await import('./reports/reports.ts')).receivedReportVerbs },
  { nouns: ['report'], load: async () => (await import('./reports/report-sent.ts')).reportSentVerbs },
  { nouns: ['report'], load: async () => (await import('./reports-out/report-send.ts')).reportSendVerbs },
  { nouns: ['report'], load: async () => (await import('./dashboards/dashboard-verbs.ts')).dashboardVerbs },
  { nouns: ['route'], load: async () => (await import('./route/route.ts')).routeVerbs },
  { nouns: ['trace'], load: async () => (await import('./trace/trace.ts')).traceVerbs },
  { nouns: ['store'], load: async () => (await import('./transfer/verify-store.ts')).repairVerbs },
];

/** Those whose names begin as `name` does. */
export async function verbsBeside(name: string): Promise<readonly AnyVerb[]> {
  const noun = name.slice(0, name.indexOf('.'));
  return (await Promise.all(VERB_GROUPS.filter(({ nouns }) => nouns.includes(noun)).map((group) => group.load()))).flat();
}
