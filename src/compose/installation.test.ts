import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createInstallation } from './installation.ts';

test('after an upgrade under a running server, what is loaded goes on and what is not is refused in words', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-installation-'));
  try {
    const file = join(dir, 'package.json');
    writeFileSync(file, '{"version":"1"}');
    const installation = createInstallation(pathToFileURL(file));
    assert.equal(await installation.load('a', async () => 1), 1);
    await assert.rejects(installation.load('broken', () => Promise.reject(new Error('a fault of its own'))), /a fault of its own/);
    writeFileSync(`${file}.new`, '{"version":"2"}');
    renameSync(`${file}.new`, file);
    assert.equal(await installation.load('a', async () => 1), 1);
    await assert.rejects(installation.load('b', async () => 2), { code: 'program-replaced', temporary: true });
    rmSync(file);
    await assert.rejects(installation.load('b', async () => 2), { code: 'program-replaced', temporary: true });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
