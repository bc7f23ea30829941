/** What is told to the domain in From about one message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthReport, DmarcReport } from '../../contract/auth-report.ts';
import type { Verdict } from '../../contract/verdict.ts';
import { parseHeader } from '../../mail/header.ts';
import { dmarcOutcome } from './dmarc-outcome.ts';

const DMARC: DmarcReport = { result: 'fail', fromDomain: 'a.example', policyDomain: 'a.example', policy: 'reject', policyTag: 'p', spfAligned: false, dkimAligned: false, record: 'v=DMARC1; p=reject; rua=mailto:d@a.example', explanation: '', walk: [] };

interface Given {
  readonly dmarc?: Partial<DmarcReport>;
  readonly verdict?: Partial<Verdict>;
  readonly dkim?: AuthReport['dkim'];
  readonly kind?: 'inbound' | 'submission';
  readonly header?: string;
  readonly sender?: string;
}

function outcome({ dmarc, verdict, dkim = [], kind = 'inbound', header = 'Subject: hello\r\n\r\n', sender = 'x@Bounce.Example' }: Given = {}) {
  const report: AuthReport = { spf: { result: 'softfail', domain: 'bounce.example', identity: 'mailfrom', explanation: '', lookups: 0, voidLookups: 0, trace: [] }, dkim, dmarc: { ...DMARC, ...dmarc }, arc: { cv: 'pass', instances: 1, sealer: 'lists.example' } };
  const message = { receivedAt: 1, origin: { kind, protocol: 'ESMTP', clientAddress: '192.0.2.1' }, envelope: { sender, recipients: [{ address: 'secret@our.example' }], body: '7bit', smtpUtf8: false, requireTls: false } } as const;
  return dmarcOutcome({ message, header: parseHeader(Buffer.from(header)), report, verdict: { action: 'reject', rule: 'dmarc-reject', explanation: '', ...verdict } });
}

test('a forgery that was refused', () => {
  assert.deepEqual(outcome(), {
    at: 1,
    domain: 'a.example',
    record: DMARC.record,
    row: { sourceIp: '192.0.2.1', disposition: 'reject', dkimAligned: false, spfAligned: false, overrides: [], headerFrom: 'a.example', envelopeFrom: 'bounce.example', dkim: [], spf: [{ domain: 'bounce.example', scope: 'mfrom', result: 'softfail' }] },
  });
  assert.ok(!JSON.stringify(outcome()).includes('secret'), 'nobody is told who it was for');
});

test('mail that is not reported', () => {
  assert.equal(outcome({ kind: 'submission' }), undefined);
  assert.equal(outcome({ verdict: { action: 'defer' } }), undefined);
  assert.equal(outcome({ dmarc: { record: 'v=DMARC1; p=reject' } }), undefined);
  assert.equal(outcome({ header: 'Subject: Report Domain: b.example Submitter: c.example\r\n\r\n' }), undefined);
  assert.equal(outcome({ header: 'Content-Type: multipart/report; report-type="tlsrpt"\r\n\r\n' }), undefined);
});

test('why the policy was not followed', () => {
  const told = (given: Given) => { const row = outcome(given)?.row; return [row?.disposition, row?.overrides.map(({ type }) => type).join()]; };
  assert.deepEqual(told({ verdict: { action: 'accept', rule: 'trusted-sealer' } }), ['none', 'trusted_forwarder']);
  assert.deepEqual(told({ verdict: { action: 'junk', rule: 'dmarc-reject-off' } }), ['quarantine', 'local_policy']);
  assert.deepEqual(told({ dmarc: { testMode: true }, verdict: { action: 'junk', rule: 'dmarc-quarantine' } }), ['quarantine', 'policy_test_mode']);
  assert.deepEqual(told({ dmarc: { testMode: true, policy: 'quarantine' }, verdict: { action: 'accept', rule: 'dmarc-test-mode' } }), ['none', 'policy_test_mode']);
  assert.deepEqual(told({ verdict: { action: 'accept', rule: 'always-heard' } }), ['none', 'local_policy']);
  assert.deepEqual(told({ dmarc: { policy: 'none' }, verdict: { action: 'accept', rule: 'dmarc-none' } }), ['none', '']);
  assert.deepEqual(told({ dmarc: { result: 'pass' }, verdict: { action: 'accept', rule: 'dmarc-pass' } }), ['none', '']);
  assert.deepEqual(told({ verdict: { rule: 'from-several-from' } }), ['none', 'local_policy']);
});

test('the telling signatures come first', () => {
  const dkim = [{ result: 'fail', domain: 'a.example' }, { result: 'pass', domain: 'z.example' }, { result: 'none' }, { result: 'pass', domain: 'a.example', selector: 's' }] as const;
  assert.deepEqual(outcome({ dkim })?.row.dkim.map(({ domain, result }) => `${domain} ${result}`), ['a.example pass', 'z.example pass', 'a.example fail']);
});
