/** `posthorn spf check`: evaluates SPF as a receiver would, with every step. */
import { isIP } from 'node:net';
import { printable } from '../../../base/table.ts';
import type { SpfReport } from '../../../contract/auth-report.ts';
import { answerSpf } from '../../../manage/verify.ts';
import { group, leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withVerifyContext } from './verify-context.ts';

interface SpfOptions extends CommonOptions {
  readonly ip: string;
  readonly sender?: string;
  readonly helo?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const spf = group(registry, 'spf', 'check SPF as a receiver would');
  leaf<SpfOptions>(registry, spf, 'check', 'may this address send for this domain?', '<domain>', async (options, domain = '') => {
    if (!isIP(options.ip)) throw new UsageError(`--ip ${options.ip}: give an IPv4 or IPv6 address`);
    const report = await withVerifyContext(session, options, (context) => answerSpf(context, { domain, ...options }));
    if (options.json) session.out.json(report);
    else show(session, report);
    return report.result === 'pass' ? 0 : 1;
  })
    .requiredOption('--ip <address>', 'address of the sending client')
    .option('--sender <address>', 'envelope sender; "" for a bounce (default: postmaster@ the domain)')
    .option('--helo <name>', 'EHLO name of the client (default: the domain)');
}

function show({ out }: Session, report: SpfReport): void {
  out.line(`${out.style(report.result === 'pass' ? 'green' : 'red', report.result)}: ${printable(report.explanation)}`);
  out.line(`${report.lookups} of 10 look-ups, ${report.voidLookups} of 2 without an answer`);
  out.line();
  const rows = report.trace.map((step) => [`${'  '.repeat(step.depth)}${step.domain}`, step.term, step.outcome, `${step.lookupCount}/${step.voidLookupCount}`, step.detail]);
  out.table([{ title: 'Domain' }, { title: 'Term', max: 60 }, { title: 'Outcome' }, { title: 'Look-ups' }, { title: 'Detail' }], rows, 'no steps');
}
