import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { readGivenFile } from './given-file.ts';
import type { CliIo } from './ports.ts';

const cwd = mkdtempSync(join(tmpdir(), 'posthorn-given-'));
after(() => rmSync(cwd, { recursive: true }));
const io = { cwd, stdin: Readable.from(['in', 'put']) } as unknown as CliIo;

test('a file is read whole, - is standard input', async () => {
  writeFileSync(join(cwd, 'small'), 'text');
  assert.equal((await readGivenFile({ io }, 'small', 4)).toString(), 'text');
  assert.equal((await readGivenFile({ io }, '-', 10)).toString(), 'input');
});

test('a device without end, a folder and a missing file are refused in a sentence', async () => {
  await assert.rejects(readGivenFile({ io }, '/dev/zero', 1_000_000, 'a report'), { code: 'file-too-large', message: '/dev/zero is larger than 977 KiB, which a report never is' });
  await assert.rejects(readGivenFile({ io }, '.', 10), { code: 'file-unreadable', message: 'cannot read .: it is a folder' });
  await assert.rejects(readGivenFile({ io }, 'none', 10), { code: 'file-unreadable', message: 'cannot read none: there is no such file' });
});
