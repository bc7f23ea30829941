/** The mail-tester in `posthorn serve`, where session threads take the mail: whom it answers, how often, and how it is signed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { MAIL_TEST_LIMITS } from '../../src/base/content-limits.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startDnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import type { MailTest } from '../../src/manage/mail-test/mail-tests.ts';
import type { ScoreReport } from '../../src/manage/mail-test/score.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { eventually } from '../harness/lab-process.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const TESTER = 'test-a1b2c3@our.example';
const EXTRA = 5;

test('strangers get a signed report, once and in bounds; nobody gets one for mail in his name', async () => {
  const clock = new SystemClock();
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-tester-threads-'));
  const zones = new Zones();
  const spf = (apex: string, value: string) => ({ apex, records: [{ name: apex, type: 'TXT' as const, value }] });
  zones.load([spf('sender.example', 'v=spf1 ip4:127.0.0.1 -all'), spf('many.example', 'v=spf1 ip4:127.0.0.1 -all'), spf('victim.example', 'v=spf1 ip4:192.0.2.1 ~all')]);
  const [dns, outside] = await Promise.all([startDnsServer({ host: '127.0.0.1', port: 0, zones, clock, log: silentLog, fault: () => 'none' }), startPeer()]);
  const file = join(dir, 'posthorn.toml');
  writeFileSync(file, `hostname = "mail.our.example"\ndata-dir = "${dir}/data"\n[listen]\nsmtp = ["127.0.0.1:0"]\n[networks]\ntrusted = []\n[relay]\nhost = "${outside.address}"\nport = ${outside.port}\ntls = "none"\n[dns]\nservers = ["${dns.host}:${dns.port}"]\n[log]\nfile = "${dir}/log"\n`);
  const server = await startServer({ config: loadConfig(file), clock, log: silentLog, verbs, sessionThreads: { count: 2, writeLines: () => {} } });
  const call = async <T>(name: string, args: object): Promise<T> => {
    const answer = await runVerb(verbs, server.context, name, args);
    assert.equal(answer.kind, 'done', JSON.stringify(answer));
    return (answer as unknown as { result: T }).result;
  };
  try {
    await call('account.add', { address: 'alice@our.example', password: 'a long password 1', createDomain: true });
    const port = server.addresses.smtp[0]?.port as number;
    let serial = 0;
    const write = (from: string): Promise<string> => sendMessage({ host: '127.0.0.1', port }, { from, to: [TESTER], content: `From: ${from === '' ? 'nobody@sender.example' : from}\r\nTo: ${TESTER}\r\nSubject: Trial\r\nDate: ${new Date(clock.now()).toUTCString().replace('GMT', '+0000')}\r\nMessage-ID: <${(serial += 1)}@sender.example>\r\n\r\nSome words of an ordinary message to the tester.\r\n` });
    const listed = async (sender: string): Promise<readonly MailTest[]> => (await call<{ tests: readonly MailTest[] }>('score.list', { limit: 500 })).tests.filter((each) => each.sender === sender);

    assert.match(await write('x@sender.example'), /^250/);
    const answer = await eventually('the report arrives', async () => outside.messages[0]);
    assert.deepEqual([answer.mail.includes('<>'), answer.rcpts.map((each) => each.includes('x@sender.example'))], [true, [true]]);
    assert.match(answer.content, /^DKIM-Signature: /m);
    assert.match(answer.content, /^Auto-Submitted: auto-replied/m);
    assert.match(answer.content, /^Subject: Your mail scores /m);
    const [kept] = await listed('x@sender.example');
    const { report } = await call<{ report: ScoreReport }>('score.show', { id: kept?.id });
    assert.deepEqual([report.authentication.spf, report.connection.address, report.connection.sender], ['pass', '127.0.0.1', 'x@sender.example']);
    assert.ok(report.results.some(({ check, level }) => check === 'message-dkim' && level === 'fail'));

    assert.match(await write('boss@victim.example'), /^250/);
    assert.match(await write(''), /^250/);
    await Promise.all(Array.from({ length: MAIL_TEST_LIMITS.perSenderPerDay + EXTRA }, () => write('x@many.example')));
    await eventually('all are looked at', async () => (await listed('boss@victim.example')).length + (await listed('')).length === 2);
    await eventually('nothing is left to do', async () => (await call<{ entries: readonly unknown[] }>('queue.list', {})).entries.length === 0);
    const answers = outside.messages.length - 1;
    assert.ok(answers > 0 && answers <= MAIL_TEST_LIMITS.perSenderPerDay, String(answers));
    assert.deepEqual(outside.messages.filter(({ rcpts }) => rcpts.some((each) => each.includes('victim'))), []);
  } finally {
    await server.stop();
    await Promise.all([dns.stop(), outside.close()]);
    rmSync(dir, { recursive: true, force: true });
  }
});
