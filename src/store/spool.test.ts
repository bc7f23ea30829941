import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { dropFile } from '../face/submit/drop-file.ts';
import type { SpoolEnvelope } from '../mail/spool-file.ts';
import { prepareSpool, readSpool, spoolFolder } from './spool.ts';

const envelope: SpoolEnvelope = { sender: '', recipients: ['a@example.org'], body: '7bit', smtpUtf8: false, at: 1000, user: 'root' };

test('dropped messages come back in order, and bad files are set aside', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-spool-'));
  await prepareSpool(dataDir);
  assert.equal(statSync(spoolFolder(dataDir)).mode & 0o7777, 0o1733);
  await dropFile(dataDir, { ...envelope, at: 2000 }, Buffer.from('second\r\n'));
  await dropFile(dataDir, envelope, Buffer.from('first\r\n'));
  writeFileSync(join(spoolFolder(dataDir), '0.mail'), 'rubbish');
  writeFileSync(join(spoolFolder(dataDir), '9.mail'), Buffer.alloc(17 * 1024 * 1024));
  writeFileSync(join(spoolFolder(dataDir), 'half.part'), 'being written');
  symlinkSync('/etc/passwd', join(spoolFolder(dataDir), '1.mail'));
  const seen: string[] = [];
  for await (const item of readSpool(dataDir, { contentBytesMax: 1000 })) {
    seen.push(item.kind === 'message' ? (await item.content.read()).toString() : item.reason);
    if (item.kind === 'message') await item.remove();
  }
  assert.deepEqual(seen, ['the envelope line does not end', 'first\r\n', 'second\r\n', 'cannot be opened (ELOOP)', 'is larger than 16778216 bytes']);
  assert.deepEqual(readdirSync(spoolFolder(dataDir)), ['half.part']);
  assert.equal(readdirSync(join(dataDir, 'spool', 'damaged')).length, 3);
});

test('no folder means no messages', async () => {
  for await (const item of readSpool(join(tmpdir(), 'posthorn-none'), { contentBytesMax: 1 })) assert.fail(item.path);
});
