/** `posthorn dns records DOMAIN`: what to publish, as a table, a zone file or JSON. */
import { Option } from 'commander';
import type { DomainRecords } from '../../../manage/dns.ts';
import { renderTable, renderZone } from '../../../manage/dns-rendering.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';

interface RecordsOptions extends CommonOptions {
  readonly format: 'table' | 'zone' | 'json';
}

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const dns = group(registry, 'dns', 'the DNS records to publish');
  leaf<RecordsOptions>(registry, dns, 'records', 'the records to publish for a domain and for this host', '<domain>', async (options, domain) => {
    const result = await session.call<DomainRecords>(options, 'dns.records', { domain });
    if (options.json || options.format === 'json') return out.json(result);
    if (options.format === 'zone') return out.raw(renderZone(result.records));
    out.raw(renderTable(result.records));
    for (const advice of result.advice) out.line(`- ${advice}`);
  }).addOption(new Option('--format <form>', 'table, zone or json').choices(['table', 'zone', 'json']).default('table'));
}
