/** What a reader of DMARC reports is told: one paragraph for each thing that happens, with what to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { judgeSource, type SourceNames } from './dmarc-findings.ts';
import { groupFindings, policyIn } from './dmarc-groups.ts';

const NONE: DmarcSourceSummary = {
  domain: 'example.org', sourceIp: '192.0.2.1', headerFrom: 'example.org', count: 10, passed: 0, dkimAligned: 0, spfAligned: 0, authenticatedElsewhere: 0,
  forwarded: 0, rejected: 0, quarantined: 0, seenDomains: [], reporters: 1, lastSeen: 0,
};

function told(sources: readonly Partial<DmarcSourceSummary>[], policy = { p: 'none' } as { p: string; sp?: string }, names: SourceNames = {}) {
  const policyOf = ({ domain, headerFrom }: { domain: string; headerFrom: string }): string => policyIn(domain, policy, headerFrom);
  return groupFindings(sources.map((one) => judgeSource({ ...NONE, ...one }, { policy: policyOf({ ...NONE, ...one }), ...names })), policyOf);
}

test('a botnet of 500 addresses is one paragraph, with the networks and the way to p=reject', () => {
  const [finding, ...more] = told(Array.from({ length: 500 }, (_, index) => ({ sourceIp: `198.51.${index % 100}.${1 + (index % 200)}`, count: 1 + (index === 7 ? 5 : 0) })));
  assert.equal(more.length, 0);
  assert.deepEqual([finding?.kind, finding?.level, finding?.sources, finding?.messages], ['forged', 'fail', 500, 505]);
  assert.match(finding?.text ?? '', /^Someone sends as example\.org from 500 addresses in 100 networks \(most from 198\.51\.7\.8, /);
  assert.match(finding?.fix ?? '', /lets it pass \(p=none\); posthorn dmarc plan example\.org shows the way/);
});

test('a forger whose mail is kept out needs nothing done; where a receiver samples or goes its own way that is said', () => {
  assert.match(told([{ rejected: 10 }], { p: 'reject' })[0]?.fix ?? '', /nothing is to be done, your DMARC policy keeps it out\.$/);
  const [sampled] = told([{ rejected: 3 }], { p: 'reject' });
  assert.deepEqual([sampled?.level, /\(p=reject\) asks receivers to keep it out, and these did not follow in full/.test(sampled?.fix ?? '')], ['fail', true]);
});

test('a name below the domain is judged by sp', () => {
  const [finding] = told([{ headerFrom: 'old.example.org' }], { p: 'reject', sp: 'none' });
  assert.match(finding?.text ?? '', /sends as old\.example\.org/);
  assert.match(finding?.fix ?? '', /SPF record of example\.org.*lets it pass \(p=none\)/);
});

test('a newsletter service with many addresses that does not align is one paragraph with its name', () => {
  const [finding, ...more] = told([1, 2, 3].map((last) => ({ sourceIp: `198.2.128.${last}`, authenticatedElsewhere: 10, seenDomains: ['mail.mcsv.net'] })));
  assert.deepEqual([more.length, finding?.kind, finding?.service, finding?.messages], [0, 'service', 'Mailchimp', 30]);
  assert.match(finding?.text ?? '', /^Mailchimp sends as example\.org, but signs and bounces with its own domain \(mail\.mcsv\.net\)/);
});

test('a service that signs for us with a return path of its own is fine', () => {
  assert.deepEqual(told([{ passed: 10, dkimAligned: 10, seenDomains: ['u1.sendgrid.net', 'example.org'] }]), []);
});

test('a mailing list that changes part of the mail is told apart from a program that signs only some', () => {
  const [list] = told([{ passed: 5, dkimAligned: 5, authenticatedElsewhere: 5, quarantined: 2, seenDomains: ['lists.example.net'] }], { p: 'quarantine' }, { hostName: 'lists.example.net' });
  assert.deepEqual([list?.kind, list?.level], ['forwarded', 'warn']);
  assert.match(list?.text ?? '', /^Mail of yours is handed on by lists\.example\.net \[192\.0\.2\.1\].*5 of 10 messages.*2 went to spam\.$/);
  assert.equal(told([{ passed: 5, dkimAligned: 5 }])[0]?.kind, 'mixed');
  assert.equal(told([{ passed: 5, dkimAligned: 5, authenticatedElsewhere: 5 }], undefined, { isOurs: true })[0]?.kind, 'mixed');
});

test('forwarders that let our signature whole are one line that asks for nothing', () => {
  const [finding, ...more] = told([1, 2, 3, 4].map((last) => ({ sourceIp: `203.0.113.${last}`, passed: 10, dkimAligned: 10 })));
  assert.deepEqual([more.length, finding?.kind, finding?.level, finding?.fix, finding?.messages], [0, 'forwarded', 'ok', undefined, 40]);
});

test('a server of ours that SPF does not name is told by its own address', () => {
  const findings = told([{ passed: 10, dkimAligned: 10 }, { sourceIp: '192.0.2.2', passed: 10, dkimAligned: 10 }], undefined, { isOurs: true });
  assert.deepEqual(findings.map(({ fix }) => /Put (ip4:\S+) into/.exec(fix ?? '')?.[1]), ['ip4:192.0.2.1', 'ip4:192.0.2.2']);
});
