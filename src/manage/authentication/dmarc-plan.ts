/** What `posthorn dmarc plan` works with: what receivers reported about a domain (from the store), and what it publishes (from the DNS). */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { explainDmarcRecord, type ExplainedTag } from '../../verify/dmarc/explain-record.ts';
import { parseDmarcRecord, type DmarcRecord } from '../../verify/dmarc/record.ts';
import { planRollOut, ROLL_OUT, type RollOut } from '../../verify/dmarc/roll-out.ts';
import { answerDmarc } from './dmarc.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';
import type { VerifyContext } from './verify.ts';

export interface DmarcEvidence {
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly sources: readonly DmarcSourceSummary[];
  readonly reports: number;
  readonly reporters: number;
  readonly stageSince?: number;
  readonly ownAddresses: readonly string[];
}

export interface DmarcPlan extends RollOut {
  readonly published?: string;
  /** The name that was asked about, when the record is of one above it. */
  readonly askedFor?: string;
  readonly alignment: readonly string[];
  /** Of tags that are obsolete or wrong. */
  readonly problems: readonly string[];
}

const LOOK_BACK_MS = 120 * 86_400_000;
const REPORTS_MAX = 10_000;

const policy = z.strictObject({ p: z.enum(['none', 'quarantine', 'reject']), testing: z.boolean() });

const evidence = defineVerb({
  name: 'dmarc.evidence',
  summary: 'Gives what receivers reported about a domain in the last 30 days, and since when they find the policy given.',
  args: z.strictObject({ domain: domainArgument, policy: policy.optional() }),
  run: async ({ store, config, clock }: ManageContext, args): Promise<DmarcEvidence> => {
    const domain = domainKey(args.domain);
    const now = clock.now();
    const since = now - ROLL_OUT.windowMs;
    const sources = await store.reports.dmarcSummary({ domain, since });
    const heads = (await store.reports.dmarcReports({ domain, since: now - LOOK_BACK_MS }, REPORTS_MAX)).filter(({ believed }) => believed);
    const recent = heads.filter(({ end }) => end >= since);
    const stageSince = args.policy && beginOfStage(heads, args.policy);
    return {
      domain,
      now,
      sources,
      reports: recent.length,
      reporters: new Set(recent.map(({ reporter }) => reporter)).size,
      ...(stageSince === undefined ? {} : { stageSince }),
      ownAddresses: config.outbound.ips.map(({ address, publicAddress }) => publicAddress ?? address),
    };
  },
});

interface Head {
  readonly begin: number;
  readonly policy: { readonly p: string; readonly testing?: boolean };
}

/** The newest reports that all found this policy; older receivers do not tell of t=y, so that only a contradiction counts. */
function beginOfStage(heads: readonly Head[], { p, testing }: z.output<typeof policy>): number | undefined {
  let since: number | undefined;
  for (const head of heads.toSorted((a, b) => b.begin - a.begin)) {
    if (head.policy.p !== p || (head.policy.testing !== undefined && head.policy.testing !== testing)) break;
    since = head.begin;
  }
  return since;
}

export const dmarcPlanVerbs = [evidence] as const;

/** `gather` calls the verb above. Rejects as answerDmarc. */
export async function planDmarc(context: VerifyContext, name: string, notOurs: readonly string[], gather: (args: object) => Promise<DmarcEvidence>): Promise<DmarcPlan> {
  const answer = await answerDmarc(context, name);
  // The record above rules, so that is where to go on; a domain without any starts with its own.
  const domain = answer.recordOf ?? answer.domain;
  const record: DmarcRecord | undefined = answer.record === undefined ? undefined : parseDmarcRecord(answer.record);
  if (answer.record !== undefined && !record) throw new Failure('bad-record', `the DMARC record of ${domain} cannot be read: ${answer.record}`, { temporary: false });
  const { stageSince, ...found } = await gather({ domain, ...(record ? { policy: { p: record.p, testing: record.testMode } } : {}) });
  const plan = planRollOut({ ...found, domain, record, stageSince, notOurs: notOurs.map((one) => one.toLowerCase()) });
  const tags: readonly ExplainedTag[] = answer.record === undefined ? [] : explainDmarcRecord(answer.record);
  return {
    ...plan,
    ...(answer.record === undefined ? {} : { published: answer.record }),
    ...(domain === answer.domain ? {} : { askedFor: answer.domain }),
    alignment: answer.alignment,
    problems: tags.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
  };
}
