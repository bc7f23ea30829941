/** The XML of an aggregate report: valid by the schema of RFC 9990, read back by our own reader, harmless whatever strangers wrote. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DmarcReportHead, DmarcRow } from '../../contract/reports.ts';
import { missingTool } from '../../../test/harness/missing-tool.ts';
import { aggregateReportXml } from './aggregate-report.ts';
import { readReportFile } from './report-file.ts';

const SCHEMA = join(fileURLToPath(import.meta.url), '../../../../test/vectors/dmarc-report/rfc9990.xsd');

const HEAD: DmarcReportHead = {
  reporter: 'Mail & Söhne <GmbH>',
  reporterEmail: 'postmaster@example.org',
  reportId: 'abc123',
  begin: Date.UTC(2026, 10, 20),
  end: Date.UTC(2026, 10, 20, 23, 59, 59),
  domain: 'good.example',
  policy: { p: 'reject', np: 'reject', adkim: 's', aspf: 'r', testing: true },
};

const ROWS: readonly DmarcRow[] = [
  { sourceIp: '192.0.2.1', count: 3, disposition: 'none', dkimAligned: true, spfAligned: true, overrides: [], headerFrom: 'good.example', envelopeFrom: 'good.example', dkim: [{ domain: 'good.example', selector: 's1', result: 'pass' }], spf: [{ domain: 'good.example', scope: 'mfrom', result: 'pass' }] },
  { sourceIp: '2001:db8::1', count: 1, disposition: 'quarantine', dkimAligned: false, spfAligned: false, overrides: [{ type: 'policy_test_mode', comment: 't=y' }], headerFrom: 'sub.good.example', envelopeFrom: '', dkim: [{ domain: '</domain><evil>&amp;\u0000\u0007]]>', selector: '"\'', result: 'fail' }, { domain: 'b.example', result: 'temperror' }], spf: [{ domain: 'x.example', scope: 'mfrom', result: 'softfail' }] },
];

const xml = (): string => aggregateReportXml({ head: HEAD, rows: ROWS, failureOptions: '0', generator: 'Posthorn' });

test('it is valid by the schema', { skip: missingTool('xmllint') }, () => {
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, '-'], { input: xml(), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('our own reader finds the same figures in it', async () => {
  const [found] = await readReportFile(Buffer.from(xml()));
  assert.equal(found?.kind, 'dmarc');
  const { head, rows, messages, skipped, sources } = found.kind === 'dmarc' ? found.report : assert.fail();
  assert.deepEqual({ rows, messages, skipped }, { rows: 2, messages: 4, skipped: 0 });
  assert.equal(head.reporter, HEAD.reporter);
  assert.equal(head.domain, HEAD.domain);
  assert.equal(head.begin, HEAD.begin);
  assert.equal(head.policy.p, 'reject');
  assert.deepEqual(sources.map(({ sourceIp, count, passed }) => ({ sourceIp, count, passed })), [{ sourceIp: '192.0.2.1', count: 3, passed: 3 }, { sourceIp: '2001:db8::1', count: 1, passed: 0 }]);
});

test('nothing of what strangers wrote is markup', () => {
  assert.ok(!xml().includes('<evil>'));
  // oxlint-disable-next-line no-control-regex
  assert.ok(!/[\0-\x08]/.test(xml()));
});
