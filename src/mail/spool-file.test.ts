import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeSpoolFile, encodeSpoolFile, type SpoolEnvelope } from './spool-file.ts';

const envelope: SpoolEnvelope = {
  sender: 'root@example.org',
  recipients: ['alice@example.org', 'bob@example.net'],
  body: '8bitmime',
  smtpUtf8: false,
  notify: ['failure', 'delay'],
  returnContent: 'headers',
  at: 1_795_000_000_000,
  user: 'root',
};
const content = Buffer.from('Subject: x\r\n\r\nä\r\n');

test('what was written is read back', () => {
  const bytes = encodeSpoolFile(envelope, content);
  const decoded = decodeSpoolFile(bytes);
  assert.ok(decoded.kind === 'whole');
  assert.deepEqual(decoded.envelope, envelope);
  assert.deepEqual(bytes.subarray(decoded.contentOffset), content);
});

test('a torn or changed file is told from a whole one', () => {
  const bytes = encodeSpoolFile(envelope, content);
  for (let length = 0; length < bytes.length; length += 1) assert.equal(decodeSpoolFile(bytes.subarray(0, length)).kind, 'damaged');
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = 0x41;
  assert.deepEqual(decodeSpoolFile(changed), { kind: 'damaged', reason: 'the content does not fit its SHA-256' });
});

test('line ends in addresses, which could become SMTP commands, are refused', () => {
  const bytes = encodeSpoolFile({ ...envelope, recipients: ['a@b\r\nRCPT TO:<c@d>'] }, content);
  assert.equal(decodeSpoolFile(bytes).kind, 'damaged');
});
