/** The MTA-STS policy document, and whether a mail host is in it (RFC 8461 §3.2, §4.1). Pure. */
import { MTA_STS_LIMITS } from '../../base/limits.ts';
import type { StsPolicy } from '../../contract/mta-sts.ts';

export type StsPolicyResult = { readonly kind: 'policy'; readonly policy: StsPolicy } | { readonly kind: 'invalid'; readonly detail: string };

const PATTERN = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const PATTERN_CHARS_MAX = 255;

/** Fields that nobody knows are ignored; of a field that comes twice the first counts, except mx (RFC 8461 §3.2). */
export function parseStsPolicy(text: string): StsPolicyResult {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    if (colon <= 0) return invalid(`a line is no "key: value": ${JSON.stringify(line.slice(0, 60))}`);
    const key = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (key === 'mx') mx.push(value.toLowerCase().replace(/\.$/, ''));
    else if (!fields.has(key)) fields.set(key, value);
  }
  return fromFields(fields, mx);
}

function fromFields(fields: ReadonlyMap<string, string>, mx: readonly string[]): StsPolicyResult {
  if (fields.get('version') !== 'STSv1') return invalid('there is no "version: STSv1"');
  const mode = fields.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return invalid('mode must be enforce, testing or none');
  const age = fields.get('max_age') ?? '';
  if (!/^\d{1,10}$/.test(age)) return invalid('max_age must be a number of seconds');
  if (mode !== 'none' && mx.length === 0) return invalid('there is no mx');
  if (mx.length > MTA_STS_LIMITS.mxPatternsMax) return invalid(`there are more than ${MTA_STS_LIMITS.mxPatternsMax} mx`);
  const wrong = mx.find((pattern) => pattern.length > PATTERN_CHARS_MAX || !PATTERN.test(pattern));
  if (wrong !== undefined) return invalid(`mx is no host name: ${JSON.stringify(wrong.slice(0, 60))}`);
  return { kind: 'policy', policy: { mode, mx, maxAgeSeconds: Math.min(Number(age), MTA_STS_LIMITS.maxAgeSecondsMax) } };
}

/** RFC 8461 §4.1: a wildcard stands for exactly one label. */
export function stsAllowsHost({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const afterFirstLabel = name.slice(name.indexOf('.') + 1);
  return mx.some((pattern) => (pattern.startsWith('*.') ? name.includes('.') && afterFirstLabel === pattern.slice(2) : pattern === name));
}

/** As lines, for reports and people. */
export function stsPolicyLines({ mode, mx, maxAgeSeconds }: StsPolicy): readonly string[] {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), `max_age: ${maxAgeSeconds}`];
}

function invalid(detail: string): StsPolicyResult {
  return { kind: 'invalid', detail };
}
