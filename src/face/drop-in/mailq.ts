/** `mailq` and `sendmail -bp`: the queue in the form of Postfix, which scripts read. */
import { printable } from '../../base/table.ts';
import type { Config } from '../../config/config.ts';
import type { QueueEntry, QueueListing } from '../../manage/queue/queue.ts';
import type { Session } from '../cli/session.ts';
import { openVerbSession } from '../control/client.ts';
import { withSysexits } from './sysexits.ts';

const PAGE = 1000;

type Page = Pick<QueueListing, 'entries' | 'more'>;

export async function run(args: readonly string[], session: Session): Promise<number> {
  const at = args.findIndex((word) => word === '--config' || word === '-c' || word === '-C');
  const file = at < 0 ? undefined : args[at + 1];
  return withSysexits('mailq', session, () => printQueue(session.config(file === undefined ? {} : { config: file }), session));
}

/** The next page is asked for while one is written: of a long queue both take as long. */
export async function printQueue(config: Config, session: Session): Promise<number> {
  const verbs = openVerbSession(config, session.ports);
  const ask = async (after: string): Promise<Page> => (await verbs.call('queue.list', { limit: PAGE, after })) as Page;
  let requests = 0;
  let bytes = 0;
  try {
    let asked: Promise<Page> | undefined = ask('');
    while (asked) {
      const { entries, more }: Page = await asked;
      const last = entries.at(-1);
      asked = more && last ? ask(last.id) : undefined;
      const lines = entries.flatMap((entry) => entryLines(entry));
      if (requests === 0 && last) lines.unshift('-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------');
      if (last) session.out.line(lines.join('\n'));
      requests += entries.length;
      bytes += entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    }
  } finally {
    await verbs.close();
  }
  const total = `-- ${Math.ceil(bytes / 1024)} Kbytes in ${requests} Request${requests === 1 ? '' : 's'}.`;
  session.out.line(requests === 0 ? 'Mail queue is empty' : total);
  return 0;
}

/** As postqueue -p writes it: `!` behind the id of a held message, reasons in parentheses above their recipients. */
export function entryLines(entry: QueueEntry, arrival: (at: number) => string = localTime): string[] {
  const held = entry.recipients.every(({ state }) => state === 'held');
  const head = `${(entry.id + (held ? '!' : '')).padEnd(17)} ${String(entry.sizeBytes).padStart(8)} ${arrival(entry.queuedAt)}  ${printable(entry.sender) || 'MAILER-DAEMON'}`;
  const lines = [head];
  let reason = '';
  for (const recipient of entry.recipients) {
    const why = printable(recipient.waitReason ?? (recipient.attempts === 0 && recipient.state === 'queued' ? '' : (recipient.reason ?? '')));
    if (why !== reason && why !== '') lines.push(`(${why})`.padStart(Math.min(80, why.length + 2)));
    reason = why;
    lines.push(`${' '.repeat(41)}${printable(recipient.address)}`);
  }
  return [...lines, ''];
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Fri Nov 20 18:24:13`, local time. */
function localTime(at: number): string {
  const date = new Date(at);
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)}`;
}
