/**
 * Message lists of mailx: `3`, `1-4`, `*`, `^`, `$`, `.`, `+`, `-`, `:n` (new) `:u` (unread) `:r` (read) `:o` (old) `:d`
 * (deleted), `/text` in the subject, and a name for what that person sent. Several are joined.
 */
export interface ListedMessage {
  readonly from: string;
  readonly subject: string;
  readonly seen: boolean;
  readonly deleted: boolean;
}

export type Selection = { readonly kind: 'numbers'; readonly numbers: readonly number[] } | { readonly kind: 'none'; readonly message: string };

/** `current` and the numbers count from 1. Deleted messages are left out unless `:d` or a number names them. */
export function selectMessages(text: string, messages: readonly ListedMessage[], current: number): Selection {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0) return current >= 1 && current <= messages.length ? numbers([current]) : { kind: 'none', message: 'no message' };
  const chosen = new Set<number>();
  for (const word of words) {
    const found = selectWord(word, messages, current);
    if (typeof found === 'string') return { kind: 'none', message: found };
    for (const number of found) chosen.add(number);
  }
  return chosen.size === 0 ? { kind: 'none', message: 'no messages fit' } : numbers([...chosen].sort((a, b) => a - b));
}

function numbers(list: readonly number[]): Selection {
  return { kind: 'numbers', numbers: list };
}

function selectWord(word: string, messages: readonly ListedMessage[], current: number): readonly number[] | string {
  const range = /^([0-9]{1,9}|[.^$])(?:-([0-9]{1,9}|[.^$]))?$/.exec(word);
  if (range) {
    const from = point(range[1] as string, messages, current);
    const to = range[2] === undefined ? from : point(range[2], messages, current);
    if (from < 1 || to > messages.length || from > to) return `${word}: there are ${messages.length} messages`;
    return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
  }
  const living = (test: (message: ListedMessage, number: number) => boolean): number[] =>
    messages.flatMap((message, at) => (!message.deleted && test(message, at + 1) ? [at + 1] : []));
  if (word === '*') return living(() => true);
  if (word === '+') return living((_, number) => number > current).slice(0, 1);
  if (word === '-') return living((_, number) => number < current).slice(-1);
  if (word.startsWith('/')) return living(({ subject }) => contains(subject, word.slice(1)));
  if (word.startsWith(':')) return selectState(word, messages, living);
  return living(({ from }) => contains(from, word));
}

function selectState(word: string, messages: readonly ListedMessage[], living: (test: (message: ListedMessage) => boolean) => number[]): readonly number[] | string {
  switch (word[1]) {
    case 'n':
    case 'u':
      return living(({ seen }) => !seen);
    case 'r':
    case 'o':
      return living(({ seen }) => seen);
    case 'd':
      return messages.flatMap(({ deleted }, at) => (deleted ? [at + 1] : []));
    default:
      return `${word}: use :n, :u, :r, :o or :d`;
  }
}

function point(text: string, messages: readonly ListedMessage[], current: number): number {
  if (text === '.') return current;
  if (text === '^') return messages.length > 0 ? 1 : 0;
  return text === '$' ? messages.length : Number(text);
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
