/** The record of the next stage, made from the one that is published: what the owner decided about otherwise stays. */
import { parseTagList } from '../tag-list.ts';
import type { DmarcRecord } from './record.ts';
import type { Stage } from './roll-out.ts';

/** Taken out of DMARC by RFC 9989. */
const GONE: ReadonlySet<string> = new Set(['pct', 'rf', 'ri']);
/** Tags that this file writes itself. */
const OWN: ReadonlySet<string> = new Set(['v', 'p', 't', 'rua']);

export function nextRecord(domain: string, record: DmarcRecord | undefined, stage: Stage): string {
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
