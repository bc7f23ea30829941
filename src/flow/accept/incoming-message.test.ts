import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import { IncomingMessage, prepareSpool } from './incoming-message.ts';

const spoolDir = await mkdtemp(join(tmpdir(), 'posthorn-incoming-'));
after(() => rm(spoolDir, { recursive: true, force: true }));
const make = (id: string, memory = { bytes: 0 }, bytesMax = 1_000_000): IncomingMessage => new IncomingMessage({ id, memory, spoolDir, bytesMax, createBodyHasher: undefined });

test('many messages at once: above the total each keeps only its share in memory', async () => {
  const memory = { bytes: SMTP_SERVER_LIMITS.inMemoryBytesTotal + 1 };
  const message = make('share', memory);
  message.append(Buffer.alloc(SMTP_SERVER_LIMITS.inMemoryBytesShare, 'x'));
  assert.equal(message.mustSpill, false);
  message.append(Buffer.from('y'));
  assert.equal(message.mustSpill, true);
  await message.spill();
  assert.equal(memory.bytes, SMTP_SERVER_LIMITS.inMemoryBytesTotal + 1);
  message.append(Buffer.from('z'));
  const source = await message.finish();
  assert.equal(source?.size, SMTP_SERVER_LIMITS.inMemoryBytesShare + 2);
  assert.equal((await source?.read(source.size - 2))?.toString(), 'yz');
  message.dispose();
});

test('memory is given back, however the message ends', () => {
  const memory = { bytes: 0 };
  for (const end of [(message: IncomingMessage) => message.dispose(), (message: IncomingMessage) => message.append(Buffer.alloc(200))]) {
    const message = make('end', memory, 200);
    message.append(Buffer.from('x'.repeat(100)));
    assert.equal(memory.bytes, 100);
    end(message);
    assert.equal(memory.bytes, 0);
    message.dispose();
    assert.equal(memory.bytes, 0);
  }
});

test('content that comes byte by byte is joined', async () => {
  const message = make('bytes');
  for (let index = 0; index < 1000; index++) message.append(Buffer.from(String(index % 10)));
  assert.equal((await (await message.finish())?.read())?.toString(), '0123456789'.repeat(100));
});

test('what a crash left is removed, what this process writes is not', async () => {
  await writeFile(join(spoolDir, '1-old.incoming'), '');
  await writeFile(join(spoolDir, `${process.pid}-mine.incoming`), '');
  await writeFile(join(spoolDir, 'other'), '');
  await prepareSpool(spoolDir);
  const names = await readdir(spoolDir);
  assert.ok(!names.includes('1-old.incoming') && names.includes(`${process.pid}-mine.incoming`) && names.includes('other'));
});
