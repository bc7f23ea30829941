import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { readDate, readDateTime, formatDateTime } from './date-time.ts';
import { readFlagList } from './flags.ts';
import { readMailboxName } from './mailbox-name.ts';
import { ImapScanner, ImapSyntaxError } from './scanner.ts';

/** A command of text; each `literal` stands where its announcement is. */
function scan(text: string, literals: readonly (string | Buffer)[] = [], utf8 = false): ImapScanner {
  const contents = literals.map((literal) => ({ binary: false, content: new BufferSource(Buffer.from(literal)) }));
  return new ImapScanner({ text: Buffer.from(text).toString('latin1'), literals: contents }, { utf8 });
}

test('atoms, strings and literals read as the same text', () => {
  assert.equal(scan('INBOX').astring(), 'INBOX');
  assert.equal(scan('"IN\\"B\\\\OX"').astring(), 'IN"B\\OX');
  assert.equal(scan('{5}\r\nINBOX', ['INBOX']).astring(), 'INBOX');
  const several = scan('{3+}\r\n {4}\r\n "x"', ['one', 'zwei']);
  assert.equal(several.astring(), 'one');
  several.space();
  assert.equal(several.string(), 'zwei');
  several.space();
  assert.equal(several.string(), 'x');
  several.end();
});

test('text that is no UTF-8 is read as Latin-1', () => {
  assert.equal(scan('"für"').string(), 'für');
  assert.equal(scan('{1}\r\n', [Buffer.from([0xfc])]).string(), 'ü');
});

test('what is malformed says where', () => {
  const cases: readonly [string, (scanner: ImapScanner) => unknown, RegExp][] = [
    ['"open', (scanner) => scanner.string(), /not closed/],
    ['"a\\x"', (scanner) => scanner.string(), /backslash/],
    ['', (scanner) => scanner.atom(), /expected an atom, found the end of the command at column 1/],
    ['(a b', (scanner) => scanner.list(() => scanner.atom()), /expected a space/],
    ['4294967296', (scanner) => scanner.number(), /too large/],
    ['0', (scanner) => scanner.nonZero(), /found 0/],
    ['{5}', (scanner) => scanner.string(), /expected a string/],
    ['a b', (scanner) => (scanner.atom(), scanner.end()), /./],
    ['"x\ry"', (scanner) => scanner.string(), /not closed/],
  ];
  for (const [text, read, message] of cases) assert.throws(() => read(scan(text)), (error) => error instanceof ImapSyntaxError && message.test(error.message), text);
});

test('nesting and the number of items are bounded', () => {
  const deep = (scanner: ImapScanner): unknown => scanner.list(() => (scanner.peek() === '(' ? deep(scanner) : scanner.atom()));
  assert.throws(() => deep(scan('('.repeat(IMAP_LIMITS.nestingMax + 1))), /nested/);
  assert.throws(() => scan(`(${'a '.repeat(IMAP_LIMITS.argumentsMax)}a)`).list(() => undefined), /./);
});

test('mailbox names: modified UTF-7 or UTF-8', () => {
  assert.equal(readMailboxName(scan('inBox')), 'INBOX');
  assert.equal(readMailboxName(scan('"Entw&APw-rfe"')), 'Entwürfe');
  assert.equal(readMailboxName(scan('"Entw&APw-rfe"', [], true)), 'Entw&APw-rfe');
  assert.equal(readMailboxName(scan('"Entwürfe"', [], true)), 'Entwürfe');
  assert.equal(readMailboxName(scan('AT&T')), 'AT&T');
  assert.throws(() => readMailboxName(scan('{3}\r\n', ['a\nb'])), ImapSyntaxError);
});

test('flags', () => {
  assert.deepEqual(readFlagList(scan('(\\Seen $Work)')), ['\\Seen', '$Work']);
  assert.deepEqual(readFlagList(scan('()')), []);
  assert.deepEqual(readFlagList(scan('\\Seen \\Deleted'), { bare: true }), ['\\Seen', '\\Deleted']);
  assert.throws(() => readFlagList(scan('(\\*)')), ImapSyntaxError);
});

test('dates', () => {
  assert.equal(readDateTime(scan('" 1-Jul-2026 08:00:00 +0200"')), Date.UTC(2026, 6, 1, 6));
  assert.equal(readDateTime(scan('"01-jul-2026 08:00:00 -0130"')), Date.UTC(2026, 6, 1, 9, 30));
  assert.equal(readDate(scan('1-Feb-0099')), new Date('0099-02-01T00:00:00Z').getTime());
  assert.equal(formatDateTime(Date.UTC(2026, 6, 1, 6)), ' 1-Jul-2026 06:00:00 +0000');
  for (const wrong of ['30-Feb-2026', '1-Foo-2026', '0-Jan-2026', '2026-01-01']) assert.throws(() => readDate(scan(wrong)), ImapSyntaxError, wrong);
  for (const wrong of ['"1-Jul-2026 24:00:00 +0000"', '"1-Jul-2026 08:00:00 0200"', '"1-Jul-2026"']) assert.throws(() => readDateTime(scan(wrong)), ImapSyntaxError, wrong);
});
