/** What sources of mail are called, and what is advised. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { judgeSource, type SourceKind, type SourceNames } from './dmarc-findings.ts';
import { tlsFindings } from '../tls/tls-findings.ts';

const NONE: DmarcSourceSummary = {
  domain: 'example.org', sourceIp: '192.0.2.1', headerFrom: 'example.org', count: 100, passed: 0, dkimAligned: 0, spfAligned: 0, authenticatedElsewhere: 0,
  forwarded: 0, rejected: 0, quarantined: 0, seenDomains: [], reporters: 1, lastSeen: 0,
};

const CASES: readonly (readonly [what: Partial<DmarcSourceSummary>, names: SourceNames, kind: SourceKind, words: RegExp])[] = [
  [{ passed: 100, dkimAligned: 100, spfAligned: 100 }, {}, 'fine', /passes/],
  [{ passed: 100, dkimAligned: 100 }, {}, 'forwarded', /forwarding breaks SPF, and the signature holds/],
  [{ passed: 100, dkimAligned: 100 }, { isOurs: true }, 'spf-missing', /SPF of example\.org does not name 192\.0\.2\.1/],
  [{ passed: 100, spfAligned: 100 }, { hostName: 'web.example.org' }, 'unsigned', /web\.example\.org is in your SPF record\) sends as example\.org without a DKIM signature/],
  [{ authenticatedElsewhere: 100, seenDomains: ['u1.sendgrid.net'] }, {}, 'service', /Twilio SendGrid sends as example\.org.*does not align/],
  [{ rejected: 100 }, { hostName: 'bot.example.net' }, 'forged', /Someone sends as example\.org from bot\.example\.net \[192\.0\.2\.1\].*100 messages were refused/],
  [{}, { isOurs: true }, 'forged', /This server sends as example\.org/],
  [{ forwarded: 90 }, {}, 'forwarded', /forwarder or a mailing list/],
  [{ passed: 60, dkimAligned: 60 }, {}, 'mixed', /60 % of the mail/],
];

for (const [what, names, kind, words] of CASES) {
  it(`${kind}: ${words.source.slice(0, 50)}`, () => {
    const { finding } = judgeSource({ ...NONE, ...what }, names);
    assert.equal(finding.kind, kind);
    assert.match(finding.text, words);
    if (finding.level !== 'ok') assert.ok(finding.fix);
  });
}

it('failures of TLS are told once for each host and cause, with who met them', () => {
  const detail = { resultType: 'certificate-host-mismatch', mxHost: 'mx.example.org', count: 2 };
  const policies = [{ type: 'sts' as const, domain: 'example.org', mxHosts: [], successes: 1, failures: 2, details: [detail] }];
  const [finding, ...more] = tlsFindings([{ organization: 'A', policies }, { organization: 'B', policies }], 'example.org');
  assert.equal(more.length, 0);
  assert.match(finding?.text ?? '', /^A, B could not negotiate TLS with mx\.example\.org: certificate name mismatch.*\(4 sessions\)/);
  assert.match(finding?.fix ?? '', /must contain the name mx\.example\.org/);
});
