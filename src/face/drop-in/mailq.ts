/** `mailq` and `sendmail -bp`: the queue in the form of Postfix, which scripts read. */
import { printable } from '../../base/table.ts';
import type { Config } from '../../config/config.ts';
import { readEntries, type QueueEntry, type QueueRowsPiece } from '../../manage/queue/queue-entries.ts';
import type { Session } from '../cli/session.ts';
import { callVerbPieces } from '../control/client.ts';
import { withSysexits } from './sysexits.ts';

export async function run(args: readonly string[], session: Session): Promise<number> {
  const at = args.findIndex((word) => word === '--config' || word === '-c' || word === '-C');
  const file = at < 0 ? undefined : args[at + 1];
  return withSysexits('mailq', session, () => printQueue(session.config(file === undefined ? {} : { config: file }), session));
}

/** Written as it comes: however long the queue, a few thousand messages are in memory. */
export async function printQueue(config: Config, session: Session): Promise<number> {
  let requests = 0;
  let bytes = 0;
  const times = new ArrivalTimes();
  for await (const piece of callVerbPieces(config, 'queue.rows', {}, session.ports)) {
    const entries = readEntries(piece as QueueRowsPiece);
    const lines = entries.flatMap((entry) => entryLines(entry, (at) => times.text(at)));
    if (requests === 0) lines.unshift('-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------');
    if (entries.length > 0) session.out.line(lines.join('\n'));
    requests += entries.length;
    for (const { sizeBytes } of entries) bytes += sizeBytes;
    if (session.out.closed) return 0;
  }
  const total = `-- ${Math.ceil(bytes / 1024)} Kbytes in ${requests} Request${requests === 1 ? '' : 's'}.`;
  session.out.line(requests === 0 ? 'Mail queue is empty' : total);
  return 0;
}

/** As postqueue -p writes it: `!` behind the id of a held message, reasons in parentheses above their recipients. */
export function entryLines(entry: QueueEntry, arrival: (at: number) => string): string[] {
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

/** `Fri Nov 20 18:24:13`, local time. Neighbours mostly share the minute. */
class ArrivalTimes {
  #minute = Number.NaN;
  #before = '';

  text(at: number): string {
    const minute = Math.floor(at / 60_000);
    if (minute !== this.#minute) {
      const date = new Date(at);
      this.#before = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 6)}`;
      this.#minute = minute;
    }
    return this.#before + String(Math.floor(at / 1000) - minute * 60).padStart(2, '0');
  }
}
