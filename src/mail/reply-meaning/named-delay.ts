/**
 * The wait that a reply names: "try again in 300 seconds", "Greylisted for 5 minutes", "come back in 00:05:00", "in an
 * hour", "in 5 Minuten", "через 15 минут". Pure, linear: durations are found first, and each counts only when the words before it say that
 * it lies ahead and the words around it speak of trying again or of a ban that ends.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Singular and plural, in the languages of words-abroad.ts; the longest of those that begin alike comes first. */
const UNITS: readonly (readonly [ms: number, names: string])[] = [
  [1, 'milliseconds?|msec|ms'],
  [SECOND, 'seconds?|secs?|sekunden?|secondes?|segundos?|secondi|seconden|sekund[ay]?|sek|секунд[ыу]?|秒|초|s'],
  [MINUTE, 'minutes?|minuten?|minutos?|minuti|minuut|minut[ya]?|minutter|minuter|minuuttia|mins?|минут[ыу]?|хвилини?|dakika|perc|分钟|分鐘|分|분|m'],
  [HOUR, 'hours?|hrs?|stunden?|std|heures?|horas?|uur|godzin[ye]?|hodin[yu]?|timm(?:e|ar)|timer?|tuntia|час(?:а|ов)?|годин[иу]?|saat|óra|ore|小时|小時|時間|시간|h'],
  [24 * HOUR, 'days?|tagen?|jours?|d[ií]as?|giorni|dagen|dn[iy]|дн(?:я|ей|і)|gün|天|日|일|d'],
];
const UNIT_NAMES = UNITS.map(([, names]) => names).join('|');
const UNIT_MATCHERS = UNITS.map(([ms, names]) => [ms, new RegExp(`^(?:${names})$`, 'u')] as const);

const WORDS: Readonly<Record<string, number>> = {
  a: 1, an: 1, one: 1, eine: 1, einer: 1, une: 1, una: 1, two: 2, three: 3, four: 4, five: 5, ten: 10, fifteen: 15, twenty: 20, thirty: 30, sixty: 60,
  'a few': 5, few: 5, several: 5, 'a couple of': 2, 'half an': 0.5, 'half a': 0.5,
};

const DURATION = new RegExp(
  `(?:(?<![a-zà-ÿа-я\\d.])(\\d{1,7}(?:\\.\\d{1,3})?)|\\b(half an?|a few|a couple of|several|few|an?|one|two|three|four|five|ten|fifteen|twenty|thirty|sixty|einer?|une|una))[ -]?(${UNIT_NAMES})(?:(?![\\p{L}\\d])|(?<=[分钟鐘秒时時小間天日분초간일]))`,
  'gu',
);
const CLOCK = /(?<![\d:])(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?![\d:])/g;
const BARE = /\b(?:retry[-_ ]?after|retry[-_ ]?in|wait)\s?[:=]?\s?(\d{1,6})(?![\d.:]|\s?\p{L})/u;

/** Words right before a duration that lies ahead, and right behind one. */
const AHEAD = /(?:(?<!\p{L})(?:in|after|for|wait|within|another|next|least|about|approximately|around|than|delay(?:ed)?|retry|again|later|nach|für|warten(?: sie)?|dans|après|attend(?:re|ez)|en|dentro de|esper[ae]|aguarde|em|após|tra|fra|attend(?:ere|a|i)|durante|over|na|wacht|za|po|czekaj|poczekaj|počkejte|om|efter|через|після|подождите|зачекайте)|[:=(])[ ~]{0,2}$|(?:请|請|在|等待?|稍等)\s{0,2}$/u;
const BEHIND = /^\s{0,2}(?:later|hence|sonra|múlva|kuluttua|päästä|之?后|之?後|以内|후|뒤)/u;
const PAST = /(?<!\p{L})(?:last|past|previous|every|each|per|letzten|dernières?|últim[oa]s|ultimi|laatste|ostatnich|последни[ех])\s{0,2}$/u;
/** Words near a duration that tell of trying again, or of a refusal that ends. */
const AGAIN = /retry|again|cool(?:ing)? (?:off|down)|gr[ae]y ?list|gr[ae]y-list|come back|later|resend|resubmit|reconnect|wait\b|postpone|defer|delay|erneut|noch ?mal|später|réessa|reessa|ressayer|intente|reintente|tente novamente|aguarde|riprova|opnieuw|ponownie|znovu|igen|uudelleen|tekrar|újra|temporar|block|banned|suspend|limited|throttl|restrict|before (?:sending|trying|attempting)|повтор|спробуйте|重试|重試|再|다시/;
/** Words of time that has passed; a temporary reply that names another time means one to come. */
const ELAPSED = /time|idle|closed|received|took|spent|silen|since|expire|limit|max|size|old/;
const NEAR_CHARS = 120;
const BEFORE_CHARS = 24;

/** A day's figure is used up. Nobody knows when the day of others ends: by then it has, or the next try finds it so. */
const TOMORROW = /\btomorrow\b|morgen wieder|(?:ab|erst|bis) morgen\b|à partir de demain|réessay\S{1,4} demain|mañana|\bdomani\b|amanhã|\bmorgen opnieuw|\bjutro\b|\bzítra\b|завтра|yarın|明天|明日/;
const TOMORROW_MS = 6 * HOUR;

/** Milliseconds, between REPLY_LIMITS.namedDelayMinMs and …MaxMs; undefined when the text names none. The text in lower case. */
export function namedDelayMs(text: string): number | undefined {
  for (const found of candidates(text)) {
    const before = text.slice(Math.max(0, found.at - BEFORE_CHARS), found.at);
    if (PAST.test(before) || !(AHEAD.test(before) || BEHIND.test(text.slice(found.end, found.end + BEFORE_CHARS)))) continue;
    const near = text.slice(Math.max(0, found.at - NEAR_CHARS), found.at + NEAR_CHARS);
    if (AGAIN.test(near) || (/^4\d\d /.test(text) && !ELAPSED.test(near))) return clamp(found.ms);
  }
  const bare = BARE.exec(text);
  if (bare) return clamp(Number(bare[1]) * SECOND);
  return TOMORROW.test(text) ? TOMORROW_MS : undefined;
}

function* candidates(text: string): Iterable<{ readonly at: number; readonly end: number; readonly ms: number }> {
  for (const match of text.matchAll(CLOCK)) {
    // milter-greylist writes hours, minutes, seconds; with two parts only they are minutes and seconds.
    const [first, second, third] = [Number(match[1]), Number(match[2]), match[3]];
    const ms = third === undefined ? first * MINUTE + second * SECOND : first * HOUR + second * MINUTE + Number(third) * SECOND;
    yield { at: match.index, end: match.index + match[0].length, ms };
  }
  for (const match of text.matchAll(DURATION)) {
    const amount = match[1] === undefined ? (WORDS[match[2] as string] ?? 1) : Number(match[1]);
    const unit = UNIT_MATCHERS.find(([, names]) => names.test(match[3] as string))?.[0] ?? MINUTE;
    yield { at: match.index, end: match.index + match[0].length, ms: amount * unit };
  }
}

function clamp(ms: number): number | undefined {
  if (!Number.isFinite(ms) || ms <= 0) return undefined;
  return Math.round(Math.min(Math.max(ms, REPLY_LIMITS.namedDelayMinMs), REPLY_LIMITS.namedDelayMaxMs));
}
