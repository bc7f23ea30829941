/** `posthorn preflight`: what a receiver would answer to a message, before it is sent. */
import { isIP } from 'node:net';
import { printable } from '../../../base/table.ts';
import { answerPreflight, type PreflightReport } from '../../../manage/sending/preflight.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { readMessageFile } from './message-file.ts';
import { withVerifyContext } from './verify-context.ts';

interface PreflightOptions extends CommonOptions {
  readonly to: string;
  readonly sender?: string;
  readonly ip?: string;
  readonly helo?: string;
  readonly bulk?: true;
}

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<PreflightOptions>(registry, registry.program, 'preflight', 'what would this receiver answer to this message? - reads standard input', '<file>', async (options, file = '') => {
    if (options.ip !== undefined && !isIP(options.ip)) throw new UsageError(`--ip ${options.ip}: give an IPv4 or IPv6 address`);
    if (options.ip !== undefined && options.helo === undefined) throw new UsageError('--ip needs --helo: the name that the server says in EHLO');
    const message = await readMessageFile(session, file);
    const report = await withVerifyContext(session, options, (context) =>
      answerPreflight(context, message, {
        to: options.to,
        sender: options.sender ?? '',
        bulk: options.bulk ?? false,
        ...(options.ip !== undefined && options.helo !== undefined ? { source: { address: options.ip, ehlo: options.helo } } : {}),
      }),
    );
    if (options.json) session.out.json(report);
    else show(session, report);
    return report.prediction ? 1 : 0;
  })
    .requiredOption('--to <address>', 'recipient, or the domain to send to')
    .option('--sender <address>', 'envelope sender (default: the null sender)')
    .option('--ip <address>', 'address that the message would leave from')
    .option('--helo <name>', 'EHLO name of that address')
    .option('--bulk', 'judge it as mail to many');
}

/** What a draft lacks, and mail that goes through this server may not. */
const ADDED_HERE: ReadonlySet<string> = new Set(['dkim-none', 'date-missing', 'message-id-missing']);

function show({ out }: Session, { siteTitle, findings, prediction }: PreflightReport): void {
  if (prediction) {
    const { code, enhanced, text } = prediction.reply;
    out.line(`${out.style('red', `${siteTitle} would answer`)}: ${[code, enhanced, printable(text)].filter(Boolean).join(' ')}`);
    out.line(`because: ${printable(prediction.finding.text)}`);
  } else if (findings.length === 0) out.line(`${out.style('green', 'nothing stands in the way')} at ${printable(siteTitle)}, as far as is known.`);
  else out.line(`${out.style('bold', 'no rule is known')} by which ${printable(siteTitle)} would refuse it; what follows may still bring it among the spam.`);
  // Whole, as they are to be acted on.
  for (const { id, text, fix } of findings) {
    out.line();
    out.line(`${out.style('yellow', id)}: ${printable(text)}`);
    out.line(`      do: ${printable(fix)}`);
  }
  if (findings.some(({ id }) => ADDED_HERE.has(id))) {
    out.line();
    out.line('The file was judged as it stands. What this server adds when a program hands mail in (a DKIM signature if the domain has a key, Date, Message-ID) is not in it.');
  }
}
