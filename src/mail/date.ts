/** Dates of messages (RFC 5322 §3.3): written strictly, read with the obsolete forms of §4.3. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** RFC 5322 §4.3; minutes east of UTC. Military letters and unknown names count as +0000 there. */
const ZONES: Readonly<Record<string, number>> = {
  UT: 0, UTC: 0, GMT: 0, Z: 0, EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480, PDT: -420,
};

/** `Fri, 20 Nov 2026 18:24:13 +0000`. `ms` since 1970; `offsetMinutes` east of UTC, default 0. */
export function formatDate(ms: number, offsetMinutes = 0): string {
  const date = new Date(ms + offsetMinutes * 60_000);
  const time = date.toISOString().slice(11, 19);
  const sign = offsetMinutes < 0 ? '-' : '+';
  const zone = Math.abs(offsetMinutes);
  return (
    `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ` +
    `${time} ${sign}${two(Math.floor(zone / 60))}${two(zone % 60)}`
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const DATE = /^(?:[A-Za-z]{1,9}\s*,\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]{0,6}[\s-]+(\d{2,4})\s+(\d{1,2})\s*:\s*(\d{1,2})(?:\s*:\s*(\d{1,2}))?(?:\s+([+-]\d{4}|[A-Za-z]{1,5}))?\s*$/;

/** Longest text that is looked at; a real date has about 40 characters. */
const DATE_CHARS_MAX = 200;

/** Milliseconds since 1970, or undefined when it is no date. Comments are ignored; the day of the week is not checked. */
export function parseDate(text: string): number | undefined {
  if (text.length > DATE_CHARS_MAX) return undefined;
  const match = DATE.exec(text.replace(/\([^()]*\)/g, ' ').trim());
  if (!match) return undefined;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === match[2]?.toLowerCase());
  const [day, hour, minute, second] = [match[1], match[4], match[5], match[6] ?? '0'].map(Number) as [number, number, number, number];
  if (month < 0 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const year = fullYear(match[3] as string);
  if (day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate()) return undefined;
  const ms = Date.UTC(year, month, day, hour, minute, Math.min(second, 59)) - zoneMinutes(match[7]) * 60_000;
  return Number.isFinite(ms) ? ms : undefined;
}

/** RFC 5322 §4.3: 00–49 are 2000–2049, the other short years count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined) return 0;
  const numeric = /^([+-])(\d{2})(\d{2})$/.exec(zone);
  if (!numeric) return ZONES[zone.toUpperCase()] ?? 0;
  return (numeric[1] === '-' ? -1 : 1) * (Number(numeric[2]) * 60 + Number(numeric[3]));
}
