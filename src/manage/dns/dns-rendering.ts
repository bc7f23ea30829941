/** Desired DNS records as a table for people, and in the forms of name servers and other tools; JSON needs no rendering. */
import { dnsControl, octoDns, zoneFile } from '../../publish/export.ts';
import { nsupdateScript } from '../../publish/nsupdate-script.ts';
import type { DnsPlan } from './dns-planning.ts';
import { panelFields } from './dns-panel.ts';
import { desiredSets, type DesiredRecord } from './dns-records.ts';

/** One line per record; values in full, since they are there to be copied. */
export function renderTable(records: readonly DesiredRecord[]): string {
  const nameWidth = width(records.map((row) => row.name));
  const lines = records.map((row) => `${row.name.padEnd(nameWidth)}  ${row.type.padEnd(4)}  ${row.value}\n${' '.repeat(nameWidth + 8)}└ ${row.why}`);
  return `${lines.join('\n')}\n`;
}

/** Field by field, as the panels of DNS providers ask for it: names relative to the domain, priority by itself, text without quotes. */
export function renderPanel({ domain, records }: Exportable): string {
  const blocks = records.map(({ name, type, ttl, value, why, where }) => {
    const fields = panelFields({ name, type, ttlSeconds: ttl }, value, domain).map(([title, content]) => `  ${title.padEnd('Priority'.length)}  ${content}\n`);
    return `${why}${where === 'hosting' ? ' (where the IP address is rented, not in this panel)' : ''}\n${fields.join('')}`;
  });
  return blocks.join('\n');
}

export type ExportFormat = 'zone' | 'dnscontrol' | 'octodns';

interface Exportable {
  readonly domain: string;
  readonly records: readonly DesiredRecord[];
}

/** For name servers and tools that keep zones as code. Records that belong elsewhere (PTR at the hosting provider) are comments of the zone file. */
export function renderExport(format: ExportFormat, domains: readonly Exportable[]): string {
  const exports = domains.map(({ domain, records }) => ({ zone: domain, sets: desiredSets(records) }));
  if (format === 'dnscontrol') return dnsControl(exports);
  if (format === 'octodns') return exports.map((each) => `${exports.length > 1 ? `# ${each.zone}.yaml\n` : ''}${octoDns(each)}`).join('');
  const elsewhere = new Set(domains.flatMap(({ records }) => records.filter(({ where }) => where === 'hosting').map(({ name, ttl, type, value }) => `; at the hosting provider: ${name}. ${ttl} IN ${type} ${value}\n`)));
  return `${exports.map(zoneFile).join('\n')}${[...elsewhere].join('')}`;
}

/** The changes of a plan for nsupdate. */
export function renderPlanScript({ id, items }: DnsPlan): string {
  return nsupdateScript(id, items);
}

function width(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, text.length), 0);
}
