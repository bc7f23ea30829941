/** `posthorn spf …`: evaluates SPF as a receiver would, explains a record, tries a draft, makes a record, flattens one. */
import { isIP } from 'node:net';
import { Option } from 'commander';
import { printable } from '../../../base/table.ts';
import type { SpfReport } from '../../../contract/auth-report.ts';
import { buildSpf, compareSpf, explainSpf, flattenPublished, type BuildRequest, type ExplainedRecord, type PublishableSpf, type WhatIfRow } from '../../../manage/authentication/spf.ts';
import { answerSpf } from '../../../manage/authentication/verify.ts';
import { group, leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withVerifyContext } from './verify-context.ts';

interface SpfOptions extends CommonOptions {
  readonly ip: string;
  readonly sender?: string;
  readonly helo?: string;
}

interface DraftOptions extends CommonOptions {
  readonly record?: string;
}

interface WhatIfOptions extends CommonOptions {
  readonly record: string;
  readonly ip: readonly string[];
  readonly sender?: readonly string[];
  readonly helo?: string;
}

interface BuildOptions extends CommonOptions {
  readonly ip?: readonly string[];
  readonly service?: readonly string[];
  readonly mx?: boolean;
  readonly ending: BuildRequest['ending'];
}

export function add(registry: Registry): void {
  const { session } = registry;
  const spf = group(registry, 'spf', 'SPF: check, explain, whatif, build, flatten');
  addMakers(registry, spf);
  leaf<SpfOptions>(registry, spf, 'check', 'may this address send for this domain?', '<domain>', async (options, domain = '') => {
    if (!isIP(options.ip)) throw new UsageError(`--ip ${options.ip}: give an IPv4 or IPv6 address`);
    const report = await withVerifyContext(session, options, (context) => answerSpf(context, { domain, ...options }));
    // RFC 7208 §6.2: what is called the explanation is the domain's own text, where it publishes one.
    if (options.json) session.out.json({ ...report, explanation: report.publishedExplanation ?? report.explanation, reason: report.explanation });
    else show(session, report);
    return report.result === 'pass' ? 0 : 1;
  })
    .requiredOption('--ip <address>', 'address of the sending client')
    .option('--sender <address>', 'envelope sender; "" for a bounce (default: postmaster@ the domain)')
    .option('--helo <name>', 'EHLO name of the client (default: the domain)');
}

function addMakers(registry: Registry, spf: ReturnType<typeof group>): void {
  const { session } = registry;
  leaf<DraftOptions>(registry, spf, 'explain', 'what each term of a record means, costs and covers, with all that it includes', '<domain>', async (options, domain = '') => {
    const record = await withVerifyContext(session, options, (context) => explainSpf(context, domain, options.record));
    if (options.json) session.out.json(record);
    else showExplained(session, record);
    return record.problems.length === 0 ? 0 : 1;
  }).option('--record <text>', 'explain this draft instead of what is published');
  leaf<WhatIfOptions>(registry, spf, 'whatif', 'what would change with another record, for several addresses and senders', '<domain>', async (options, domain = '') => {
    for (const ip of options.ip) if (!isIP(ip)) throw new UsageError(`--ip ${ip}: give IPv4 or IPv6 addresses`);
    const senders = options.sender ?? [`postmaster@${domain}`];
    const rows = await withVerifyContext(session, options, (context) => compareSpf(context, domain, options.record, options.ip, senders, options.helo));
    if (options.json) session.out.json({ rows });
    else showComparison(session, rows);
    return rows.every(({ draft }) => draft.result === 'pass') ? 0 : 1;
  })
    .requiredOption('--record <text>', 'the draft, beginning with v=spf1')
    .requiredOption('--ip <address...>', 'addresses of sending clients')
    .option('--sender <address...>', 'envelope senders (default: postmaster@ the domain)')
    .option('--helo <name>', 'EHLO name of the clients (default: the domain)');
  leaf<BuildOptions>(registry, spf, 'build', 'a record of addresses, mail servers and sending services', '<domain>', async (options, domain = '') => {
    const built = await withVerifyContext(session, options, (context) =>
      buildSpf(context, { domain, ips: options.ip ?? [], services: options.service ?? [], mx: options.mx ?? false, ending: options.ending }),
    );
    if (options.json) session.out.json(built);
    else {
      showRecords(session, built.records);
      for (const problem of built.explanation.problems) session.out.note(problem);
    }
    return built.explanation.problems.length === 0 ? 0 : 1;
  })
    .option('--ip <address...>', 'addresses and networks that send')
    .option('--service <name...>', 'sending services, such as google or mailgun, or domains to include')
    .option('--mx', 'the mail servers (MX) of the domain send, too')
    .addOption(new Option('--ending <term>', 'what is said of all others').choices(['~all', '-all', '?all']).default('~all'));
  leaf<DraftOptions>(registry, spf, 'flatten', 'write includes, a and mx out as networks, and what that costs', '<domain>', async (options, domain = '') => {
    const flat = await withVerifyContext(session, options, (context) => flattenPublished(context, domain, options.record));
    if (options.json) session.out.json(flat);
    else showFlattened(session, flat);
    return flat.problems.length === 0 ? 0 : 1;
  }).option('--record <text>', 'flatten this draft instead of what is published');
}

function showFlattened(session: Session, flat: PublishableSpf): void {
  showRecords(session, flat.records);
  session.out.note(`${flat.lookupsBefore} look-ups before, ${flat.lookupsAfter} after; ${flat.networks} networks.`);
  if (flat.frozen.length > 0) session.out.note(`These are written out as they are today; when they change, mail from there fails until this is made anew: ${flat.frozen.join(', ')}`);
  for (const { term, why } of flat.kept) session.out.note(`${term} stays: ${why}`);
  for (const { term, why } of flat.dropped) session.out.note(`${term} is left out: ${why}`);
  for (const problem of flat.problems) session.out.note(problem);
}

function showExplained({ out }: Session, record: ExplainedRecord): void {
  const rows: (readonly (string | number)[])[] = [];
  const walk = ({ domain, terms }: ExplainedRecord, depth: number): void => {
    for (const term of terms) {
      rows.push([`${'  '.repeat(depth)}${domain}`, term.prefix, term.type, term.value, term.problem ?? term.meaning, term.lookups, term.ipv4 ?? '?', term.ipv6 === undefined ? '?' : term.ipv6 === '0' ? '0' : 'yes']);
      if (term.record) walk(term.record, depth + 1);
    }
  };
  walk(record, 0);
  // Nothing to show: there is none, or nobody knows; the problem says which.
  if (record.text === '') {
    for (const problem of record.problems) out.line(printable(problem));
    return;
  }
  out.line(printable(record.text));
  out.line(`${record.octets} octets, ${record.lookups} of 10 look-ups, ${record.voidLookups} of 2 without an answer${record.ipv4 === undefined ? '' : `; ${record.ipv4 === '1' ? '1 IPv4 address passes' : `${record.ipv4} IPv4 addresses pass`}`}`);
  out.line();
  out.table([{ title: 'Record of' }, { title: '' }, { title: 'Type' }, { title: 'Value', max: 50 }, { title: 'Meaning' }, { title: 'Look-ups', align: 'right' }, { title: 'IPv4', align: 'right' }, { title: 'IPv6' }], rows, 'no terms');
  for (const problem of record.problems) out.note(problem);
}

function showComparison({ out }: Session, rows: readonly WhatIfRow[]): void {
  out.table(
    [{ title: 'Address' }, { title: 'Sender' }, { title: 'Published' }, { title: 'Draft' }, { title: 'By the draft' }],
    rows.map(({ ip, sender, published, draft, same }) => [ip, sender === '' ? '<>' : sender, published.result, same ? 'same' : draft.result, draft.explanation]),
    'nothing to compare',
  );
}

function showRecords({ out }: Session, records: readonly { readonly name: string; readonly strings: readonly string[] }[]): void {
  for (const { name, strings } of records) out.line(`${name}. TXT ${strings.map((part) => `"${printable(part)}"`).join(' ')}`);
}

function show({ out }: Session, report: SpfReport): void {
  out.line(`${out.style(report.result === 'pass' ? 'green' : 'red', report.result)}: ${printable(report.explanation)}`);
  out.line(`${report.lookups} of 10 look-ups, ${report.voidLookups} of 2 without an answer`);
  out.line();
  const rows = report.trace.map((step) => [`${'  '.repeat(step.depth)}${step.domain}`, step.term, step.outcome, `${step.lookupCount}/${step.voidLookupCount}`, step.detail]);
  out.table([{ title: 'Domain' }, { title: 'Term', max: 60 }, { title: 'Outcome' }, { title: 'Look-ups' }, { title: 'Detail' }], rows, 'no steps');
}
