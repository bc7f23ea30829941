/** docs/reference/limits.md: every limit of src/base/limits.ts and its neighbours with the comment that stands above it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as accessLimits from '../../src/base/access-limits.ts';
import * as accountLimits from '../../src/base/account-limits.ts';
import * as dnsApiLimits from '../../src/base/dns-api-limits.ts';
import * as dkimLimits from '../../src/base/dkim-limits.ts';
import * as dnsPublishLimits from '../../src/base/dns-publish-limits.ts';
import * as contentLimits from '../../src/base/content-limits.ts';
import * as doctorLimits from '../../src/base/doctor-limits.ts';
import * as guardLimits from '../../src/base/guard-limits.ts';
import * as httpLimits from '../../src/base/http-limits.ts';
import * as inspectionLimits from '../../src/base/inspection-limits.ts';
import * as limits from '../../src/base/limits.ts';
import * as mimeLimits from '../../src/base/mime-limits.ts';
import * as queueAdminLimits from '../../src/base/queue-admin-limits.ts';
import * as quotaLimits from '../../src/base/quota-limits.ts';
import * as replyLimits from '../../src/base/reply-limits.ts';
import * as reportInLimits from '../../src/base/report-in-limits.ts';
import * as rushLimits from '../../src/base/rush-limits.ts';
import * as serviceLimits from '../../src/base/service-limits.ts';
import * as reportLimits from '../../src/base/report-limits.ts';
import * as sieveLimits from '../../src/base/sieve-limits.ts';
import * as transferLimits from '../../src/base/transfer-limits.ts';
import { cell, code } from './rows.ts';

interface Documented {
  readonly comment: string;
}

const SOURCES = { limits, 'access-limits': accessLimits, 'account-limits': accountLimits, 'dns-api-limits': dnsApiLimits, 'dkim-limits': dkimLimits, 'dns-publish-limits': dnsPublishLimits, 'content-limits': contentLimits, 'doctor-limits': doctorLimits, 'guard-limits': guardLimits, 'http-limits': httpLimits, 'inspection-limits': inspectionLimits, 'mime-limits': mimeLimits, 'queue-admin-limits': queueAdminLimits, 'quota-limits': quotaLimits, 'reply-limits': replyLimits, 'report-in-limits': reportInLimits, 'rush-limits': rushLimits, 'service-limits': serviceLimits, 'report-limits': reportLimits, 'sieve-limits': sieveLimits, 'transfer-limits': transferLimits };

export function renderLimits(root: string): string {
  const lines = ['# Limits', '', 'Generated from `src/base/limits.ts` and its neighbours; change it there. What can be set is in [configuration.md](configuration.md).'];
  for (const [file, groups] of Object.entries(SOURCES)) lines.push(...renderGroups(groups, readComments(readFileSync(join(root, `src/base/${file}.ts`), 'utf8'))));
  return `${lines.join('\n')}\n`;
}

function renderGroups(groups: object, comments: ReadonlyMap<string, Documented>): string[] {
  const lines: string[] = [];
  for (const [group, values] of Object.entries(groups) as [string, unknown][]) {
    if (typeof values !== 'object' || values === null) continue;
    const about = comments.get(group)?.comment;
    lines.push('', `## ${group}`, '', ...(about ? [about, ''] : []), '| limit | value | |', '|---|---|---|');
    for (const [name, value] of Object.entries(values)) {
      lines.push(`| ${code(name)} | ${shown(name, value as unknown)} | ${cell(comments.get(`${group}.${name}`)?.comment ?? '')} |`);
    }
  }
  return lines;
}

function shown(name: string, value: unknown): string {
  if (typeof value !== 'number') return cell(String(value));
  if (/Bytes/.test(name) && value >= 1024 && value % 1024 === 0) return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2} MiB` : `${value / 1024} KiB`;
  if (name.endsWith('Ms') && value >= 1000) return value % 60_000 === 0 ? `${value / 60_000} min` : `${value / 1000} s`;
  return value.toLocaleString('en');
}

/** Comments by `GROUP` and `GROUP.name`: the block right above a line. */
function readComments(source: string): Map<string, Documented> {
  const found = new Map<string, Documented>();
  let group = '';
  let comment: string[] | undefined;
  for (const line of source.split('\n')) {
    const text = line.trim();
    if (text.startsWith('/**') || text.startsWith('*') || text.startsWith('//')) {
      comment = [...(text.startsWith('/**') ? [] : (comment ?? [])), text.replace(/^\/\*\*|\*\/$|^\*\/?|^\/\//g, '').replace(/\*\/$/, '').trim()];
      continue;
    }
    const opened = /^export const (\w+) = \{/.exec(text);
    const entry = /^(\w+):/.exec(text);
    if (opened) group = opened[1] as string;
    const key = opened ? group : entry ? `${group}.${entry[1]}` : undefined;
    if (key !== undefined && comment) found.set(key, { comment: comment.filter((part) => part !== '').join(' ') });
    comment = undefined;
  }
  return found;
}
