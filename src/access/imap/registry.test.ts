import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../../test/harness/seeded-input.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { ImapScanner, ImapSyntaxError } from '../../wire/imap/scanner.ts';
import { capabilities } from './capabilities.ts';
import { imapCommands } from './registry.ts';

const PIECES = [
  ' ', ' ', ' ', ' ', '(', ')', '"', '\\', '"a"', '""', 'INBOX', '"Entw&APw-rfe"', '*', '%', '$', '1', '1:*', '4,7:9', '0', '4294967296', ',', ':', '{3}\r\n', '~{3}\r\n', '{3+}\r\n',
  'NIL', 'ALL', 'UID', 'FLAGS', '+FLAGS.SILENT', '(\\Seen)', '\\*', 'BODY[', ']', 'BODY.PEEK[HEADER.FIELDS (A B)]', '<0.5>', 'RETURN', '(MIN MAX)', 'OR', 'NOT', 'FROM', 'SINCE', '1-Jul-2026',
  '" 1-Jul-2026 08:00:00 +0200"', 'CHARSET', 'UTF-8', 'REFERENCES', '(ARRIVAL)', '/private/comment', 'lrs', '+lr', 'DEFLATE', 'USE', '(CONDSTORE)', '(QRESYNC (1 2 3:4))', 'UNCHANGEDSINCE', 'CHANGEDSINCE',
  'SUBSCRIBED', 'STATUS', '(MESSAGES)', 'SET', '(SELECTED (MessageNew))', 'PLAIN', '=', '\0', '\r', '\n', '\xff', 'é',
];

test('whatever follows a command is parsed or refused, never worse', () => {
  const { note, below, pieces, bytes } = seeded('IMAP commands');
  const enabled = { condstore: true, qresync: true, rev2: false, utf8: false, uidOnly: false };
  for (const command of imapCommands().values()) {
    for (let round = 0; round < 300; round++) {
      const text = below(4) === 0 ? bytes(' ()"\\{}[]<>*%:,ABC012', 40).toString('latin1') : ` ${pieces(PIECES, 14)}`;
      const literals = Array.from({ length: 4 }, (_, index) => ({ binary: index % 2 === 1, content: new BufferSource(Buffer.from('abc')) }));
      const scanner = new ImapScanner({ text, literals }, { utf8: below(2) === 0 });
      try {
        command.parse(scanner, { enabled });
        assert.ok(scanner.atEnd, `${command.name} left something unread: ${JSON.stringify(text)} ${note}`);
      } catch (error) {
        assert.ok(error instanceof ImapSyntaxError, `${command.name}${JSON.stringify(text)}: ${String(error)} ${note}`);
      }
    }
  }
});

test('names of commands are theirs alone, and every capability is told', () => {
  const commands = imapCommands();
  for (const [name, command] of commands) assert.equal(command.name, name);
  const context = { loggedIn: true, canStartTls: false, plaintextAllowed: true, isCompressed: false, mechanisms: [], messageBytesMax: 1 };
  const all = capabilities(commands, context).split(' ');
  assert.equal(new Set(all).size, all.length);
  const without = capabilities(new Map(), context).split(' ');
  assert.ok(without.length < all.length);
});
