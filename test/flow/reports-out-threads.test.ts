/** Results for DMARC reports are counted in every session thread, and those of the last seconds are written when the server stops. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startDnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { openStore } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const MESSAGES = 8;

test('session threads count, and stopping writes what they counted', async () => {
  const clock = new SystemClock();
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-report-threads-'));
  const zones = new Zones();
  zones.load([{ apex: 'sender.example', records: [{ name: '_dmarc.sender.example', type: 'TXT', value: 'v=DMARC1; p=none; rua=mailto:d@sender.example' }, { name: 'sender.example', type: 'TXT', value: 'v=spf1 ip4:127.0.0.1 -all' }] }]);
  const dns = await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock, log: silentLog, fault: () => 'none' });
  const file = join(dir, 'posthorn.toml');
  writeFileSync(file, `hostname = "mail.our.example"\ndata-dir = "${dir}/data"\n[listen]\nsmtp = ["127.0.0.1:0"]\n[feedback]\naddresses = ["dmarc-in"]\n[networks]\ntrusted = []\n[dns]\nservers = ["${dns.host}:${dns.port}"]\n[log]\nfile = "${dir}/log"\n`);
  const config = loadConfig(file);
  const server = await startServer({ config, clock, log: silentLog, verbs, sessionThreads: { count: 2, writeLines: () => {} } });
  try {
    const added = await runVerb(verbs, server.context, 'account.add', { address: 'alice@our.example', password: 'a long password 1', createDomain: true });
    assert.equal(added.kind, 'done', JSON.stringify(added));
    const port = server.addresses.smtp[0]?.port as number;
    const replies = await Promise.all(Array.from({ length: MESSAGES }, (_, index) => sendMessage({ host: '127.0.0.1', port }, { from: 'x@sender.example', to: ['alice@our.example'], content: `From: x@sender.example\r\nSubject: ${index}\r\nDate: Sat, 21 Nov 2026 00:00:00 +0000\r\nMessage-ID: <${index}@sender.example>\r\n\r\nHello\r\n` })));
    for (const reply of replies) assert.match(reply, /^250/);
    const now = Math.floor(clock.now() / 1000);
    const xml = `<feedback><report_metadata><org_name>S</org_name><email>d@sender.example</email><report_id>1</report_id><date_range><begin>${now - 86_400}</begin><end>${now}</end></date_range></report_metadata><policy_published><domain>our.example</domain><p>none</p></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>7</count></row><identifiers><header_from>our.example</header_from></identifiers></record></feedback>`;
    const report = await sendMessage({ host: '127.0.0.1', port }, { from: 'd@sender.example', to: ['dmarc-in@our.example'], content: `From: d@sender.example\r\nSubject: Report Domain: our.example\r\nDate: Sat, 21 Nov 2026 00:00:00 +0000\r\nMessage-ID: <r@sender.example>\r\nContent-Type: text/xml\r\n\r\n${xml}\r\n` });
    assert.match(report, /^250/, 'session threads know the addresses that the server reads');
    const totals = await eventually('the report is read', async () => { const all = await server.context.store.reports.dmarcTotals({ since: 0 }); return all.reports > 0 && all; });
    assert.deepEqual([totals.messages, totals.apart], [7, 0]);
  } finally {
    await server.stop();
    await dns.stop();
  }
  const store = await openStore(config.dataDir);
  try {
    const days = await store.reportsOut.openDmarcDays('2000-01-01', '9999-12-31', 10);
    assert.deepEqual(days.map(({ domain, messages }) => [domain, messages]), [['sender.example', MESSAGES]]);
    const rows = await store.reportsOut.rows(days[0]?.day ?? '', 'sender.example');
    assert.deepEqual(rows.map(({ sourceIp, count, spfAligned, disposition }) => [sourceIp, count, spfAligned, disposition]), [['127.0.0.1', MESSAGES, true, 'none']]);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
