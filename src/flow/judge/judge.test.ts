import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import type { ArcReport, AuthReport, DmarcReport } from '../../contract/auth-report.ts';
import type { Origin, ReceivedMessage } from '../../contract/message.ts';
import { parseHeader } from '../../mail/header.ts';
import { createJudge } from './judge.ts';

const FAILED: DmarcReport = {
  result: 'fail',
  fromDomain: 'bank.example',
  policyDomain: 'bank.example',
  policy: 'reject',
  policyTag: 'p',
  spfAligned: false,
  dkimAligned: false,
  explanation: 'Neither SPF nor DKIM authenticates bank.example: SPF gave fail, and there is no DKIM signature.',
  walk: [],
};

interface Case {
  readonly dmarc?: Partial<DmarcReport>;
  readonly arc?: ArcReport;
  readonly header?: string;
  readonly sender?: string;
  readonly recipients?: readonly string[];
  readonly origin?: Origin['kind'];
  readonly dmarcReject?: boolean;
  readonly trustedSealers?: readonly string[];
}

function judge(input: Case) {
  const header = parseHeader(Buffer.from(`${input.header ?? 'From: ceo@bank.example'}\r\n\r\n`));
  const message: ReceivedMessage = {
    id: 'x',
    receivedAt: 0,
    startedAt: 0,
    envelope: {
      sender: input.sender ?? 'ceo@bank.example',
      recipients: (input.recipients ?? ['alice@example.org']).map((address) => ({ address })),
      body: '7bit',
      smtpUtf8: false,
      requireTls: false,
    },
    origin: { kind: input.origin ?? 'inbound', protocol: 'ESMTP' },
    content: new BufferSource(Buffer.alloc(0)),
  };
  const report: AuthReport = {
    spf: { result: 'fail', domain: 'bank.example', identity: 'mailfrom', explanation: '', lookups: 0, voidLookups: 0, trace: [] },
    dkim: [],
    dmarc: { ...FAILED, ...input.dmarc },
    arc: input.arc ?? { cv: 'none', instances: 0 },
  };
  const authentication = { dmarcReject: input.dmarcReject ?? true, trustedSealers: input.trustedSealers ?? [] };
  return createJudge({ config: { authentication } }).judge({ message, header, report });
}

/** Situation, action and rule. */
const CASES: [situation: string, input: Case, action: string, rule: string][] = [
  ['p=reject and a failure', {}, 'reject', 'dmarc-reject'],
  ['sp=reject and a failure', { dmarc: { policyTag: 'sp' } }, 'reject', 'dmarc-reject'],
  ['p=quarantine and a failure', { dmarc: { policy: 'quarantine' } }, 'junk', 'dmarc-quarantine'],
  ['p=none and a failure', { dmarc: { policy: 'none' } }, 'accept', 'dmarc-none'],
  ['p=reject in test mode', { dmarc: { testMode: true } }, 'junk', 'dmarc-quarantine'],
  ['p=quarantine in test mode', { dmarc: { policy: 'quarantine', testMode: true } }, 'accept', 'dmarc-test-mode'],
  ['p=reject switched off', { dmarcReject: false }, 'junk', 'dmarc-reject-off'],
  ['a pass', { dmarc: { result: 'pass', spfAligned: true } }, 'accept', 'dmarc-pass'],
  ['no policy', { dmarc: { result: 'none' } }, 'accept', 'no-objection'],
  ['mail of a logged-in user', { origin: 'submission' }, 'accept', 'not-judged'],
  ['mail from a trusted network', { origin: 'trusted', header: 'Subject: no From' }, 'accept', 'not-judged'],
  ['mail to postmaster and abuse', { recipients: ['Postmaster@example.org', 'abuse@example.org'] }, 'accept', 'always-heard'],
  ['mail to postmaster and alice', { recipients: ['postmaster@example.org', 'alice@example.org'] }, 'reject', 'dmarc-reject'],
  ['doubt with p=reject', { dmarc: { result: 'temperror' } }, 'defer', 'dmarc-temperror'],
  ['doubt with an unknown policy', { dmarc: { result: 'temperror', policy: undefined } as never }, 'defer', 'dmarc-temperror'],
  ['doubt that cannot matter', { dmarc: { result: 'temperror', dkimAligned: true } }, 'accept', 'author-authenticated'],
  ['doubt with p=quarantine', { dmarc: { result: 'temperror', policy: 'quarantine' } }, 'accept', 'no-objection'],
  ['doubt with p=reject in test mode', { dmarc: { result: 'temperror', testMode: true } }, 'accept', 'no-objection'],
  ['doubt with refusing switched off', { dmarc: { result: 'temperror' }, dmarcReject: false }, 'accept', 'no-objection'],
  ['no From', { header: 'Subject: x' }, 'reject', 'from-no-from'],
  ['two From fields', { header: 'From: a@bank.example\r\nFrom: b@evil.example' }, 'reject', 'from-several-from'],
  ['From with two domains', { header: 'From: a@bank.example, b@evil.example' }, 'reject', 'from-several-domains'],
  ['a From group in a bounce', { header: 'From: nobody:;', sender: '', dmarc: { result: 'permerror' } }, 'accept', 'no-objection'],
  ['a From group otherwise', { header: 'From: nobody:;' }, 'reject', 'from-no-address'],
];

for (const [situation, input, action, rule] of CASES) {
  test(`${situation}: ${action} by ${rule}`, () => {
    const verdict = judge(input);
    assert.deepEqual([verdict.action, verdict.rule], [action, rule]);
    assert.equal(verdict.reply !== undefined, action === 'reject' || action === 'defer');
    assert.notEqual(verdict.explanation, '');
  });
}

test('replies name the domain and the reason, with the right codes', () => {
  const reject = judge({}).reply;
  assert.deepEqual([reject?.code, reject?.enhanced], [550, '5.7.1']);
  assert.match(reject?.text ?? '', /DMARC policy of bank\.example \(p=reject\)\nNeither SPF nor DKIM/);
  const defer = judge({ dmarc: { result: 'temperror' } }).reply;
  assert.deepEqual([defer?.code, defer?.enhanced], [451, '4.7.0']);
  assert.match(defer?.text ?? '', /bank\.example/);
  assert.equal(judge({ header: 'Subject: x' }).reply?.enhanced, '5.6.0');
  assert.equal(judge({ header: 'From: a@b.example\r\nFrom: a@b.example' }).reply?.enhanced, '5.7.1');
});

test('foreign text in a reply is made harmless', () => {
  const reply = judge({ dmarc: { explanation: `evil\r\n250 OK\u0000\u00e9${'x'.repeat(2000)}` } }).reply;
  assert.match(reply?.text ?? '', /^[\x20-\x7e\n]*$/);
  assert.ok((reply?.text.length ?? 0) <= 450);
});

/** Sets oldest first: sealer and what it says. */
function chain(...sets: [sealer: string, results: string][]): ArcReport {
  return { cv: 'pass', instances: sets.length, sets: sets.map(([sealer, results], index) => ({ instance: index + 1, sealer, results })) };
}
const PASSED = 'mx; dmarc=pass (p=reject) header.from=bank.example';
const LIST_FAILED = 'mx; arc=pass; dmarc=fail header.from=bank.example';

const CHAINS: [situation: string, arc: ArcReport, trusted: string[], accepted: boolean][] = [
  ['a trusted sealer saw the pass', chain(['list.example', PASSED]), ['List.example'], true],
  ['nobody is trusted', chain(['list.example', PASSED]), [], false],
  ['an untrusted sealer saw the pass', chain(['evil.example', PASSED]), ['list.example'], false],
  ['an untrusted sealer claims it before a trusted one', chain(['evil.example', PASSED], ['list.example', LIST_FAILED]), ['list.example'], false],
  ['an untrusted sealer came after the trusted one', chain(['list.example', PASSED], ['evil.example', LIST_FAILED]), ['list.example'], false],
  ['two trusted sealers, the first saw the pass', chain(['list.example', PASSED], ['forward.example', LIST_FAILED]), ['list.example', 'forward.example'], true],
  ['the pass was for another author', chain(['list.example', 'mx; dmarc=pass header.from=other.example']), ['list.example'], false],
  ['the pass names no author', chain(['list.example', 'mx; dmarc=pass']), ['list.example'], false],
  ['the chain is broken', { ...chain(['list.example', PASSED]), cv: 'fail' }, ['list.example'], false],
];

for (const [situation, arc, trustedSealers, accepted] of CHAINS) {
  test(`ARC: ${situation}: ${accepted ? 'accepted' : 'refused'}`, () => {
    assert.equal(judge({ arc, trustedSealers }).rule, accepted ? 'trusted-sealer' : 'dmarc-reject');
  });
}
