/**
 * A disk that fills up in the middle of one large write: the kernel takes a part and reports success. The message must not
 * be acknowledged with a shortened body. Needs to be root, to mount a small tmpfs.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { writeBodyFile } from '../../src/store/body-files.ts';
import { bodyPath } from '../../src/store/body-path.ts';

const DISK_BYTES = 512 * 1024;
const DIGEST = 'ab'.repeat(32);

test('a large message that arrived while the disk filled up is refused whole, never kept in part', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-short-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', dir]).status === 0;
  context.after(() => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true, force: true });
  });
  if (!mounted) return context.skip('mounting a tmpfs needs root');
  mkdirSync(join(dir, 'bodies', 'new'), { recursive: true });
  const small = Buffer.alloc(DISK_BYTES / 4, 's');
  const file = await writeBodyFile(dir, DIGEST, new BufferSource(small));
  assert.deepEqual(readFileSync(bodyPath(dir, file)), small);
  await assert.rejects(writeBodyFile(dir, DIGEST, new BufferSource(Buffer.alloc(DISK_BYTES, 'l'))), { code: 'store-full' });
  assert.deepEqual(readdirSync(join(dir, 'bodies', 'new')), [], 'nothing is left behind');
  assert.deepEqual(readdirSync(join(dir, 'bodies', 'ab')), [file.slice(3)]);
});

test('a content that is shorter than it said is not kept', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-short-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'bodies', 'new'), { recursive: true });
  const whole = new BufferSource(Buffer.alloc(1000, 'x'));
  const shortened = { size: 2000, inMemory: undefined, chunks: () => whole.chunks(), read: () => whole.read() };
  await assert.rejects(writeBodyFile(dir, DIGEST, shortened), { code: 'store-failed' });
});
