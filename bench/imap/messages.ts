/** The mailbox that both servers get: the same messages in the same order, made from a seed. */

const WORDS = 'account address archive budget calendar change client contract delivery design document draft estimate figure garden holiday invoice journey kitchen letter meeting network notice office order paper picture price project question receipt record report request review schedule server summary supplier ticket travel update version weather winter'.split(' ');
const PEOPLE = ['Anna Berg', 'Bela Kiss', 'Carla Ruiz', 'Dieter Vogt', 'Emma Lund', 'Farid Azizi', 'Greta Holm', 'Hugo Marchand', 'Ines Prado', 'Jonas Keller'];
/** In one message of a thousand, so that a search finds few. */
export const RARE_WORD = 'quicksilver';
const START_MS = Date.UTC(2024, 0, 1);
const MINUTES_APART = 40;

/** Mulberry32: a small generator that gives the same numbers everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface BenchMessage {
  readonly bytes: Buffer;
  readonly date: Date;
}

/** Message number `index`: plain, alternative, or with an attachment; some 3 to 30 KB. */
export function benchMessage(index: number): BenchMessage {
  const random = randomFrom(index + 1);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const sentence = (words: number): string => Array.from({ length: words }, () => pick(WORDS)).join(' ');
  const lines = (count: number): string => Array.from({ length: count }, () => sentence(10)).join('\r\n');
  const date = new Date(START_MS + index * MINUTES_APART * 60_000);
  const from = pick(PEOPLE);
  const reply = index > 50 && random() < 0.4 ? index - 1 - Math.floor(random() * 50) : undefined;
  const text = `${lines(30 + Math.floor(random() * 40))}${index % 1000 === 500 ? `\r\n${RARE_WORD}` : ''}\r\n`;
  const header = [
    'Received: from relay.example.net (relay.example.net [192.0.2.7]) by mail.example.org with ESMTPS id 1; ' + date.toUTCString(),
    `From: ${from} <${from.toLowerCase().replace(' ', '.')}@example.net>`,
    `To: Alice <alice@example.org>, ${pick(PEOPLE)} <team@example.org>`,
    `Subject: ${reply === undefined ? '' : 'Re: '}${sentence(4)} ${reply ?? index}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <bench.${index}@example.net>`,
    ...(reply === undefined ? [] : [`In-Reply-To: <bench.${reply}@example.net>`, `References: <bench.${reply}@example.net>`]),
    'MIME-Version: 1.0',
  ];
  const kind = random();
  return { bytes: Buffer.from(`${header.join('\r\n')}\r\n${kind < 0.5 ? plain(text) : kind < 0.85 ? alternative(text) : attached(text, random)}`), date };
}

function plain(text: string): string {
  return `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`;
}

function alternative(text: string): string {
  const html = `<html><body>${text.replaceAll('\r\n', '<br>\r\n')}</body></html>\r\n`;
  return `Content-Type: multipart/alternative; boundary="alt"\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n--alt--\r\n`;
}

function attached(text: string, random: () => number): string {
  const bytes = Buffer.from(Array.from({ length: 8000 + Math.floor(random() * 12_000) }, () => Math.floor(random() * 256)));
  const encoded = (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
  return `Content-Type: multipart/mixed; boundary="mix"\r\n\r\n--mix\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n--mix\r\nContent-Type: application/pdf; name="paper.pdf"\r\nContent-Disposition: attachment; filename="paper.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n--mix--\r\n`;
}
