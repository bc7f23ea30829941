/** `posthorn score`: the mail-tester on a message of yours, and what the tester's address got. */
import { isIP } from 'node:net';
import { printable } from '../../../base/table.ts';
import type { MailTest } from '../../../manage/mail-test/mail-tests.ts';
import { scoreMessage, type ScoreReport } from '../../../manage/mail-test/score.ts';
import { costOf, factsShown, sectionsOf, verdictOf } from '../../../manage/mail-test/score-text.ts';
import { leaf, type Registry } from '../command.ts';
import { Progress } from '../progress.ts';
import { standingLine } from './standing-line.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { readMessageFile } from './message-file.ts';
import { withDoctorContext } from './verify-context.ts';

interface ScoreOptions extends CommonOptions {
  readonly ip?: string;
  readonly helo?: string;
  readonly sender?: string;
  readonly tls?: boolean;
  /** False with --no-fetch. */
  readonly fetch: boolean;
}

export function add(registry: Registry): void {
  const { session, program } = registry;
  const command = leaf<ScoreOptions>(registry, program, 'score', 'score a message out of 10, each point with its fix; - reads standard input', '<file>', (options, file = '') => score(session, options, file))
    .option('--ip <address>', 'address that it was sent from (default: as its Received fields say)')
    .option('--helo <name>', 'what that host said in EHLO')
    .option('--sender <address>', 'envelope sender; <> for none')
    .option('--tls', 'it came over TLS')
    .option('--no-tls', 'it came in the clear')
    .option('--no-fetch', 'do not look whether links answer');
  leaf<CommonOptions & { limit?: string }>(registry, command, 'list', 'what the mail-tester’s address got, newest first', '', (options) => list(session, options)).option('-n, --limit <number>', 'how many (default: 50)');
  leaf(registry, command, 'show', 'what the mail-tester found in one of them', '<id>', async (options, id = '') => {
    const test = await session.call<MailTest & { report: ScoreReport }>(options, 'score.show', { id });
    if (options.json) session.out.json(test);
    else show(session, test.report);
    return hasFailed(test.report) ? 1 : 0;
  });
  leaf(registry, command, 'address', 'a fresh address to write to; the report comes back by mail', '[domain]', async (options, domain) => {
    const made = await session.call<{ address: string }>(options, 'score.address', domain === undefined ? {} : { domain });
    if (options.json) session.out.json(made);
    else session.out.line(made.address);
  });
}

async function score(session: Session, options: ScoreOptions, file: string): Promise<number> {
  const { ip, helo, tls } = options;
  if (ip !== undefined && !isIP(ip)) throw new UsageError(`--ip ${ip.slice(0, 60)}: give an IPv4 or IPv6 address`);
  const sender = options.sender === '<>' ? '' : options.sender;
  if (sender !== undefined && sender !== '' && !/^[^@\s]+@[^@\s]+$/.test(sender)) throw new UsageError(`--sender ${sender.slice(0, 60)}: give an address such as news@example.org, or <>`);
  const message = await readMessageFile(session, file);
  if (message.length === 0) throw new UsageError(`${file === '-' ? 'standard input' : file} is empty: give a message as a mail program saves it (.eml)`);
  const progress = new Progress(session.io, options.json ?? false);
  const report = await withDoctorContext(session, options, (context) =>
    scoreMessage(context, {
      message,
      connection: { address: ip, helo, sender, encrypted: tls },
      followLinks: options.fetch,
      onStanding: (standing) => progress.show(standingLine(standing)),
    }),
  ).finally(() => progress.clear());
  if (options.json) session.out.json(report);
  else show(session, report);
  return hasFailed(report) ? 1 : 0;
}

function hasFailed({ results }: ScoreReport): boolean {
  return results.some(({ level }) => level === 'fail');
}

async function list(session: Session, options: CommonOptions & { readonly limit?: string }): Promise<void> {
  const limit = options.limit === undefined ? undefined : Number(options.limit);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 500)) throw new UsageError('--limit: give a number from 1 to 500');
  const result = await session.call<{ tests: readonly MailTest[] }>(options, 'score.list', limit === undefined ? {} : { limit });
  if (options.json) return session.out.json(result);
  session.out.table(
    [{ title: 'Id' }, { title: 'When' }, { title: 'Score', align: 'right' }, { title: 'Sender', max: 50 }, { title: 'Address', max: 50 }],
    result.tests.map(({ id, receivedAt, score: points, sender, address }) => [id, new Date(receivedAt).toISOString().slice(0, 16).replace('T', ' '), points.toFixed(1), sender === '' ? '<>' : sender, address]),
    'nothing yet; write to the address that posthorn score address makes',
  );
}

const STYLES = { fail: 'red', warn: 'yellow', unknown: 'dim', pass: 'green', skip: 'dim' } as const;

function show({ out }: Session, report: ScoreReport): void {
  out.line(`${out.style('bold', `Score: ${report.score} of 10.`)} ${verdictOf(report)}`);
  out.line();
  out.facts(factsShown(report));
  for (const { title, items } of sectionsOf(report)) {
    out.line();
    out.line(out.style('bold', title));
    for (const item of items) {
      const cost = costOf(item);
      out.line(`${out.style(STYLES[item.level], item.title)}${cost === '' ? '' : ` (${cost})`}: ${printable(item.text)}`);
      const [first, ...further] = item.remedy?.split('\n') ?? [];
      if (first !== undefined) out.line(`      do: ${printable(first)}`);
      for (const line of further) out.line(`          ${printable(line)}`);
      if (item.record !== undefined) out.line(`      record: ${printable(item.record)}`);
      if (item.link !== undefined) out.line(`      see: ${item.link}`);
    }
  }
  if (report.cut) out.note('the message is very large: not all of it was read');
}
