import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Log } from '../base/log.ts';
import { LOG_EVENTS } from '../mail/log-events.ts';
import { createLogSink, type OpenLogSink } from './log-sink.ts';

function open(format: 'json' | 'postfix'): { file: string; output: OpenLogSink; log: Log } {
  const file = join(mkdtempSync(join(tmpdir(), 'posthorn-log-')), 'sub', 'mail.log');
  const output = createLogSink({ format, level: 'info', file }, 'mail.example.org');
  return { file, output, log: new Log(output.write, () => Date.UTC(2026, 10, 20, 18)) };
}

async function linesOf(file: string, count: number): Promise<string[]> {
  for (let tries = 0; tries < 200; tries += 1) {
    let lines: string[] = [];
    try {
      lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    } catch {
      // not there yet
    }
    if (lines.length >= count) return lines;
    await wait(5);
  }
  assert.fail(`${file} never had ${count} lines`);
}

test('JSON lines carry time, level, event and fields, and the level is a threshold', async () => {
  const { file, output, log } = open('json');
  log.debug('not.kept');
  log.info('queue.committed', { id: 'abc', count: 3 });
  const [line] = await linesOf(file, 1);
  assert.deepEqual(JSON.parse(line as string), { level: 'info', pid: process.pid, time: '2026-11-20T18:00:00.000Z', event: 'queue.committed', id: 'abc', count: 3 });
  renameSync(file, `${file}.1`);
  output.reopen();
  await wait(20);
  log.warn('after.rotation');
  assert.match((await linesOf(file, 1))[0] as string, /after\.rotation/);
  output.close();
});

test('the classic format has its own lines, and others only when they matter', async () => {
  const { file, output, log } = open('postfix');
  log.info(LOG_EVENTS.queueRemoved, { id: 'abc' });
  log.info('queue.committed');
  log.warn('config.warning', { key: 'listen.imaps\nforged' });
  const lines = await linesOf(file, 2);
  assert.match(lines[0] as string, / mail\.example\.org postfix\/qmgr\[\d+\]: abc: removed$/);
  assert.match(lines[1] as string, /^Nov [ 0-9]\d \d\d:00:00 mail\.example\.org postfix\/posthorn\[\d+\]: warning: config\.warning key=listen\.imaps forged$/);
  assert.equal(lines.length, 2);
  output.close();
});
