/**
 * Dates of IMAP: date-time of APPEND and INTERNALDATE (` 1-Jul-2026 08:00:00 +0200`) and date of SEARCH (`1-Jul-2026`). RFC 9051 §9.
 */
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATE_TIME = /^( \d|\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const DATE = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;

/** Milliseconds since 1970. */
export function readDateTime(scanner: ImapScanner): number {
  const text = scanner.string('a date and time');
  const found = DATE_TIME.exec(text);
  const day = found ? dayOf(found[1] as string, found[2] as string, found[3] as string) : undefined;
  if (!found || day === undefined) throw new ImapSyntaxError('a date and time looks like "01-Jul-2026 08:00:00 +0200"');
  const [hours, minutes, seconds, zoneHours, zoneMinutes] = [4, 5, 6, 8, 9].map((index) => Number(found[index])) as [number, number, number, number, number];
  if (hours > 23 || minutes > 59 || seconds > 60 || zoneMinutes > 59) throw new ImapSyntaxError('the time of day does not exist');
  const offsetMinutes = (zoneHours * 60 + zoneMinutes) * (found[7] === '-' ? -1 : 1);
  return day + ((hours * 60 + minutes - offsetMinutes) * 60 + seconds) * 1000;
}

/** The day alone, as milliseconds since 1970 of its start in UTC; quoted or not. */
export function readDate(scanner: ImapScanner): number {
  const text = scanner.astring('a date');
  const found = DATE.exec(text);
  const day = found ? dayOf(found[1] as string, found[2] as string, found[3] as string) : undefined;
  if (day === undefined) throw new ImapSyntaxError('a date looks like 1-Jul-2026');
  return day;
}

function dayOf(day: string, month: string, year: string): number | undefined {
  const monthIndex = MONTHS.findIndex((name) => name.toLowerCase() === month.toLowerCase());
  if (monthIndex < 0) return undefined;
  const time = Date.UTC(2000, monthIndex, Number(day));
  const date = new Date(time);
  date.setUTCFullYear(Number(year), monthIndex, Number(day));
  return date.getUTCDate() === Number(day) && date.getUTCMonth() === monthIndex ? date.getTime() : undefined;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** In UTC, 26 characters without quotes. */
export function formatDateTime(timeMs: number): string {
  const date = new Date(timeMs);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${day}-${MONTHS[date.getUTCMonth()]}-${year} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** For SEARCH: `1-Jul-2026`, in UTC. */
export function formatDay(timeMs: number): string {
  const date = new Date(timeMs);
  return `${date.getUTCDate()}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
}
