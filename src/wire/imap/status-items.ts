/** Items of STATUS, as a command and as LIST's RETURN option (RFC 9051 §6.3.11; RFC 7162, 7889, 8438, 8474, 9208). */
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

export const STATUS_ITEMS = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'RECENT',
  'HIGHESTMODSEQ',
  'MAILBOXID',
  'APPENDLIMIT',
  'DELETED-STORAGE',
] as const;
export type StatusItem = (typeof STATUS_ITEMS)[number];

/** `(MESSAGES UNSEEN)`, each once. */
export function readStatusItems(scanner: ImapScanner): readonly StatusItem[] {
  const items = new Set(scanner.list(() => readItem(scanner)));
  if (items.size === 0) throw new ImapSyntaxError('STATUS needs at least one item');
  return [...items];
}

function readItem(scanner: ImapScanner): StatusItem {
  const name = scanner.keyword('a STATUS item');
  const item = STATUS_ITEMS.find((known) => known === name);
  if (!item) throw new ImapSyntaxError(`STATUS knows no item ${name.slice(0, 40)}`);
  return item;
}
