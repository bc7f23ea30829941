/** `mailq` and `sendmail -bp`: the queue in the form of Postfix, which scripts read. */
import { printable } from '../../base/table.ts';
import type { Config } from '../../config/config.ts';
import type { QueueEntry } from '../../manage/queue/queue.ts';
import type { Session } from '../cli/session.ts';
import { callVerb } from '../control/client.ts';
import { withSysexits } from './sysexits.ts';

const PAGE = 1000;

export async function run(args: readonly string[], session: Session): Promise<number> {
  const at = args.findIndex((word) => word === '--config' || word === '-c' || word === '-C');
  const file = at < 0 ? undefined : args[at + 1];
  return withSysexits('mailq', session, () => printQueue(session.config(file === undefined ? {} : { config: file }), session));
}

export async function printQueue(config: Config, session: Session): Promise<number> {
  let after = '';
  let requests = 0;
  let bytes = 0;
  for (;;) {
    const page = (await callVerb(config, 'queue.list', { limit: PAGE, after }, session.ports)) as { entries: readonly QueueEntry[]; more: boolean };
    for (const entry of page.entries) {
      if (requests === 0) session.out.line('-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------');
      for (const line of entryLines(entry)) session.out.line(line);
      requests += 1;
      bytes += entry.sizeBytes;
    }
    after = page.entries.at(-1)?.id ?? '';
    if (!page.more || after === '') break;
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
