/** `posthorn dns`: what to publish, what is published, and changing it over all domains. */
import { Option } from 'commander';
import type { DomainRecords } from '../../../manage/dns/dns.ts';
import type { OwnPolicy, DomainPolicy } from '../../../manage/dns/dns-policy.ts';
import { renderExport, renderPanel, renderTable, type ExportFormat } from '../../../manage/dns/dns-rendering.ts';
import { group, leaf, type Registry, wholeNumber } from '../command.ts';
import { UsageError, type CommonOptions } from '../session.ts';
import { addPlanCommands } from './dns-plan.ts';

interface RecordsOptions extends CommonOptions {
  readonly all?: true;
  readonly format: 'table' | 'panel' | 'json' | ExportFormat;
}

export function add(registry: Registry): void {
  const dns = group(registry, 'dns', 'the DNS records to publish, and publishing them');
  addRecords(registry, dns);
  addPlanCommands(registry, dns);
  addPolicy(registry, dns);
}

function addRecords(registry: Registry, dns: ReturnType<typeof group>): void {
  const { session } = registry;
  const { out } = session;
  leaf<RecordsOptions & { readonly args?: never }>(registry, dns, 'records', 'the records to publish for domains and for this host', '[domains...]', async (options, ...given) => {
    const wanted = given.flat();
    if (!options.all && wanted.length === 0) throw new UsageError('name a domain, or say --all');
    if (options.json && !['table', 'json'].includes(options.format)) throw new UsageError(`say either --json or --format ${options.format}`);
    const names = options.all ? (await session.call<{ readonly domains: readonly { readonly name: string }[] }>(options, 'domain.list', {})).domains.map(({ name }) => name) : wanted;
    const results: DomainRecords[] = [];
    const verbs = session.verbs(options);
    try {
      for (const domain of names) results.push((await verbs.call('dns.records', { domain })) as DomainRecords);
    } finally {
      await verbs.close();
    }
    const [single] = results;
    if (options.json || options.format === 'json') return out.json(!options.all && results.length === 1 ? single : { domains: results });
    if (options.format !== 'table' && options.format !== 'panel') return out.raw(renderExport(options.format, results));
    for (const [at, result] of results.entries()) {
      if (results.length > 1) out.line(`${at > 0 ? '\n' : ''}${out.style('bold', result.domain)}`);
      out.raw(options.format === 'panel' ? renderPanel(result) : renderTable(result.records));
      for (const advice of result.advice) out.line(`- ${advice}`);
    }
  })
    .option('--all', 'of all domains')
    .addOption(new Option('--format <form>', 'table, panel (field by field, as the panels of DNS providers ask for it), json, zone (a zone file), dnscontrol (dnsconfig.js) or octodns (YAML)').choices(['table', 'panel', 'json', 'zone', 'dnscontrol', 'octodns']).default('table'));
}

interface PolicyOptions extends CommonOptions {
  readonly use?: OwnPolicy['use'];
  readonly ttl?: number;
  readonly spfAll?: OwnPolicy['spfAll'];
  readonly dmarc?: OwnPolicy['dmarcPolicy'];
  readonly dmarcReports?: readonly string[];
  readonly tlsReports?: readonly string[];
  readonly mtaSts?: OwnPolicy['mtaSts'];
  readonly caaIssuers?: readonly string[];
  readonly dane?: 'on' | 'off';
  readonly clientSetup?: 'on' | 'off';
  readonly bimiLogo?: string;
  readonly namesWithoutMail?: readonly string[];
  readonly reset?: readonly string[];
}

interface PolicyResult {
  readonly domain: string;
  readonly policy: DomainPolicy;
  readonly own: OwnPolicy;
  readonly changedDefaults: readonly { readonly setting: string; readonly from: string; readonly to: string }[];
}

function addPolicy(registry: Registry, dns: ReturnType<typeof group>): void {
  const { session } = registry;
  const { out } = session;
  leaf<PolicyOptions>(registry, dns, 'policy', 'the policy that the records of a domain are made from; with options, sets what it has of its own', '<domain>', async (options, domain) => {
    const set = ownPolicy(options);
    const reset = (options.reset ?? []).map((name) => SETTING_NAMES[name] ?? name);
    const args = { domain, ...(Object.keys(set).length > 0 && { set }), ...(reset.length > 0 && { reset }) };
    const result = await session.call<PolicyResult>(options, 'dns.policy', args);
    if (options.json) return out.json(result);
    const rows = Object.entries(SETTING_NAMES).map(([title, key]) => [title, shown(result.policy[key]), key in result.own ? 'its own' : result.changedDefaults.some(({ setting }) => setting === key) ? 'a former default' : 'the default']);
    out.table([{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'IS' }], rows, '');
    for (const { setting, from, to } of result.changedDefaults) out.line(`- The default of ${titleOf(setting)} is now ${to}; this domain still has ${from}, until posthorn dns apply ${domain} --new-defaults`);
    if (set !== undefined && Object.keys(set).length > 0) out.line(`See what it changes with: posthorn dns plan ${domain}`);
  })
    .addOption(new Option('--use <what>', 'auto, mail (its mail comes here), send-only, or none (a domain without mail)').choices(['auto', 'mail', 'send-only', 'none']))
    .addOption(new Option('--ttl <seconds>', 'how long others may keep a record').argParser(wholeNumber(30, 604_800)))
    .addOption(new Option('--spf-all <end>', 'the end of SPF').choices(['~all', '-all', '?all']))
    .addOption(new Option('--dmarc <policy>', 'what DMARC asks of receivers').choices(['none', 'quarantine', 'reject']))
    .option('--dmarc-reports <addresses...>', 'where DMARC reports go; %d is the domain')
    .option('--tls-reports <addresses...>', 'where TLS reports go')
    .addOption(new Option('--mta-sts <mode>', 'MTA-STS').choices(['off', 'testing', 'enforce']))
    .option('--caa-issuers <names...>', 'certificate authorities that may issue')
    .addOption(new Option('--dane <on|off>', 'TLSA records where the zone is signed').choices(['on', 'off']))
    .addOption(new Option('--client-setup <on|off>', 'what mail programs need to set themselves up').choices(['on', 'off']))
    .option('--bimi-logo <url>', 'address of the logo for BIMI')
    .option('--names-without-mail <names...>', 'names below it that never send or receive mail')
    .addOption(new Option('--reset <settings...>', 'settings that follow the default again'));
}

/** As the options call them. */
const SETTING_NAMES: Readonly<Record<string, keyof DomainPolicy>> = {
  use: 'use', ttl: 'ttlSeconds', 'spf-all': 'spfAll', dmarc: 'dmarcPolicy', 'dmarc-reports': 'dmarcReports', 'tls-reports': 'tlsReports', 'mta-sts': 'mtaSts',
  'caa-issuers': 'caaIssuers', dane: 'dane', 'client-setup': 'clientSetup', 'bimi-logo': 'bimiLogo', 'names-without-mail': 'namesWithoutMail',
};

function titleOf(setting: string): string {
  return Object.entries(SETTING_NAMES).find(([, key]) => key === setting)?.[0] ?? setting;
}

function toggle(value: 'on' | 'off' | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'on';
}

function ownPolicy({ ttl, dmarc, dane, clientSetup, ...rest }: PolicyOptions): Record<string, unknown> {
  const { use, spfAll, dmarcReports, tlsReports, mtaSts, caaIssuers, bimiLogo, namesWithoutMail } = rest;
  const all = { use, ttlSeconds: ttl, spfAll, dmarcPolicy: dmarc, dmarcReports, tlsReports, mtaSts, caaIssuers, dane: toggle(dane), clientSetup: toggle(clientSetup), bimiLogo, namesWithoutMail };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function shown(value: DomainPolicy[keyof DomainPolicy]): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string' || typeof value === 'number') return value === '' ? '(none)' : String(value);
  return value.length === 0 ? '(none)' : value.join(', ');
}
