/** The stages from no record to p=reject, each tightening first with t=y (RFC 9989 §4.7), and the record of each. Pure. */
import { parseTagList } from '../tag-list.ts';
import type { DmarcRecord } from './record.ts';

export type Stage = 'no-record' | 'none' | 'quarantine-test' | 'quarantine' | 'reject-test' | 'reject';

export function stageOf(record: DmarcRecord | undefined): Stage {
  if (!record || record.empty) return 'no-record';
  if (record.p === 'none') return 'none';
  return record.testMode ? `${record.p}-test` : record.p;
}

/** Taken out of DMARC by RFC 9989. */
const GONE: ReadonlySet<string> = new Set(['pct', 'rf', 'ri']);
/** Tags that are written anew. */
const OWN: ReadonlySet<string> = new Set(['v', 'p', 't', 'rua']);

/** The record of a stage, made from the one that is published: what the owner decided about otherwise stays. */
export function recordOfStage(domain: string, record: DmarcRecord | undefined, stage: Stage): string {
  const tags = [...(record ? (parseTagList(record.text) ?? []) : [])].map(([tag, value]) => [tag.toLowerCase(), value] as const);
  const rua = tags.find(([tag]) => tag === 'rua')?.[1] ?? `mailto:dmarc@${domain}`;
  return [
    'v=DMARC1',
    `p=${stage.replace('-test', '')}`,
    ...(stage.endsWith('-test') ? ['t=y'] : []),
    ...tags.filter(([tag]) => !OWN.has(tag) && !GONE.has(tag)).map(([tag, value]) => `${tag}=${value}`),
    `rua=${rua}`,
  ].join('; ');
}
