/** What counts as the same record, and what does not, as a table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTHENTICATION_LIMITS } from '../base/limits.ts';
import type { PublishableType } from '../contract/dns-publishing.ts';
import { compareAlone } from './compare-record.ts';
import { meaningOfValue } from './record-text.ts';
import { roleOf } from './roles.ts';
import { mergeRecords, withTerms, type SpfJudge, type TornSpf } from './spf-merge.ts';

const SAME: readonly (readonly [PublishableType, string, string])[] = [
  ['MX', '10 mail.example.org.', '10   MAIL.Example.ORG.'],
  ['MX', '010 mail.example.org.', '10 mail.example.org.'],
  ['MX', '0 .', '0  .'],
  ['SRV', '0 1 993 mail.example.org.', '00 01 0993 Mail.example.org.'],
  ['TLSA', '3 1 1 aabbcc', '3 1 01 AA BB CC'],
  ['CAA', '0 issue "ca.example"', '0 ISSUE ca.example'],
  ['CAA', '0 issue "ca.example;accounturi=https://ca.example/1"', '0 issue "CA.example ;  accounturi=https://ca.example/1"'],
  ['CAA', '0 issue ";"', '0 issue " ; "'],
  ['AAAA', '2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
  ['CNAME', 'a.example.', 'A.Example.'],
  ['TXT', '"v=spf1 " "-all"', '"v=spf1 -all"'],
  ['TXT', '"a;b"', '"a\\;b"'],
  ['TXT', '"\\195\\164"', '"\\195" "\\164"'],
];
const OTHER: readonly (readonly [PublishableType, string, string])[] = [
  ['MX', '10 mail.example.org.', '10 mail.example.org.net.'],
  ['MX', '10 mail.example.org.', '20 mail.example.org.'],
  ['SRV', '0 1 993 mail.example.org.', '0 1 143 mail.example.org.'],
  ['TLSA', '3 1 1 aabbcc', '3 0 1 aabbcc'],
  ['TLSA', '3 1 1 aabbcc', '3 1 1 aabbcd'],
  ['CAA', '0 issue "ca.example"', '0 issuewild "ca.example"'],
  ['CAA', '0 issue "ca.example"', '128 issue "ca.example"'],
  ['CAA', '0 issue "ca.example"', '0 issue "ca.example;accounturi=https://ca.example/1"'],
  ['CAA', '0 issue "ca.example"', '0 issue ";"'],
  ['CAA', '0 iodef "mailto:A@example.org"', '0 iodef "mailto:a@example.org"'],
  ['TXT', '"v=spf1 -all"', '"v=spf1  -all"'],
  ['TXT', '"ABC"', '"abc"'],
  ['AAAA', '2001:db8::1', '2001:db8::10'],
];

test('records that are written differently and mean the same', () => {
  for (const [type, one, other] of SAME) assert.equal(meaningOfValue(type, one), meaningOfValue(type, other), `${type}: ${one} | ${other}`);
});

test('records that look alike and mean something else', () => {
  for (const [type, one, other] of OTHER) assert.notEqual(meaningOfValue(type, one), meaningOfValue(type, other), `${type}: ${one} | ${other}`);
});

const noSpf: SpfJudge = async () => ({ kind: 'unknown', detail: 'nobody asked' });

/** `good`: what is published is as good as what is wanted. */
const POLICIES: readonly (readonly ['good' | 'different', string, string, string])[] = [
  ['good', '_dmarc.d.example', 'v=DMARC1; p=none', 'v=DMARC1;p=none'],
  ['good', '_dmarc.d.example', 'v=DMARC1; p=none', 'v = DMARC1 ; P = NONE ; sp=reject'],
  ['good', '_dmarc.d.example', 'v=DMARC1; p=quarantine', 'v=DMARC1; p=reject; pct=50'],
  ['good', '_dmarc.d.example', 'v=DMARC1; p=quarantine', 'v=DMARC1; p=reject; t=y'],
  ['different', '_dmarc.d.example', 'v=DMARC1; p=reject', 'v=DMARC1; p=reject; t=y'],
  ['different', '_dmarc.d.example', 'v=DMARC1; p=quarantine', 'v=DMARC1; p=quarantine; pct=0'],
  ['different', '_dmarc.d.example', 'v=DMARC1; p=none', 'v=DMARC1; p=nonsense'],
  ['different', '_dmarc.d.example', 'v=DMARC1; p=quarantine', 'v=DMARC1; sp=quarantine; p=none'],
  ['good', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'p=QUJD'],
  ['good', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1;h=sha1:sha256;s=email;p=QU JD;'],
  ['different', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; k=rsa; p='],
  ['different', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; k=rsa; p=qujd'],
  ['different', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; h=sha1; p=QUJD'],
  ['different', 's._domainkey.d.example', 'v=DKIM1; k=rsa; p=QUJD', 'v=DKIM1; s=other; p=QUJD'],
  ['good', '_mta-sts.d.example', 'v=STSv1; id=7;', 'v=STSv1;id=7'],
  ['different', '_mta-sts.d.example', 'v=STSv1; id=7;', 'v=STSv1; id=8;'],
  ['good', 'default._bimi.d.example', 'v=BIMI1; l=https://d.example/l.svg; a=;', 'v=BIMI1;l=https://d.example/l.svg'],
  ['different', 'default._bimi.d.example', 'v=BIMI1; l=https://d.example/l.svg; a=;', 'v=BIMI1; l=https://d.example/L.svg'],
  ['good', '_smtp._tls.d.example', 'v=TLSRPTv1; rua=mailto:t@d.example', 'v=TLSRPTv1;rua=https://elsewhere.example/in'],
  ['different', '_smtp._tls.d.example', 'v=TLSRPTv1; rua=mailto:t@d.example', 'v=TLSRPTv1;'],
];

test('policies and keys are compared by what receivers make of them', async () => {
  for (const [verdict, domain, wanted, published] of POLICIES) {
    const question = { wanted: `"${wanted}"`, rivals: [`"${published}"`], owned: false, domain, spf: noSpf };
    assert.equal((await compareAlone(roleOf(domain, 'TXT', question.wanted), question)).kind, verdict, `${wanted} | ${published}`);
  }
});

test('several SPF records become one that lets pass whoever passed by any of them', () => {
  assert.equal(mergeRecords(['v=spf1 include:a.example -all', 'v=spf1 ip4:192.0.2.1 ~all']), 'v=spf1 include:a.example ip4:192.0.2.1 ~all');
  assert.equal(mergeRecords(['v=spf1 redirect=_spf.a.example', 'v=spf1 +MX -all']), 'v=spf1 include:_spf.a.example +MX -all');
  assert.equal(mergeRecords(['v=spf1 redirect=_spf.a.example', 'v=spf1 redirect=_spf.b.example']), 'v=spf1 include:_spf.a.example include:_spf.b.example ~all');
  assert.equal(mergeRecords(['v=spf1 mx -all include:never.example', 'v=spf1 mx exp=why.d.example ?all']), 'v=spf1 mx ?all exp=why.d.example');
  assert.equal(mergeRecords(['v=spf1 A -all', 'v=spf1 a -ip4:192.0.2.9 +all']), 'v=spf1 A -ip4:192.0.2.9 -all');
});

test('SPF: ours go where they are found first, whatever ends the record', () => {
  for (const rest of ['-all', 'redirect=_spf.a.example', 'include:a.example ~all exp=x.example', '']) assert.equal(withTerms(`v=spf1 ${rest}`.trim(), ['ip4:192.0.2.1']), `v=spf1 ip4:192.0.2.1 ${rest}`.trim());
});

test('SPF: a record that asks for too many look-ups keeps its terms and gets ours in front', async () => {
  const includes = Array.from({ length: AUTHENTICATION_LIMITS.spfLookupsMax + 1 }, (_, at) => `include:s${at}.example`).join(' ');
  const amended = await askBroken(`v=spf1 ${includes} -all`);
  assert.deepEqual([amended.kind, 'value' in amended && amended.value], ['amended', `"v=spf1 ip4:192.0.2.1 ${includes} -all"`]);
});

test('SPF: a record with a term that cannot be read keeps every other term of the others; what cannot be mended stays whole', async () => {
  const torn = { readable: ['mx', 'include:a.example'], unreadable: [{ term: 'nonsense:x', detail: 'there is no mechanism called nonsense' }] };
  const mended = await askBroken('v=spf1 mx nonsense:x include:a.example', torn);
  assert.deepEqual([mended.kind, 'value' in mended && mended.value], ['different', '"v=spf1 ip4:192.0.2.1 mx include:a.example ~all"']);
  assert.match('reason' in mended ? mended.reason : '', /nonsense:x \(there is no mechanism called nonsense\).*keeps the rest/);
  const hopeless = await askBroken('v=spf1 nonsense:x -all');
  assert.deepEqual([hopeless.kind, 'value' in hopeless], ['by-hand', false]);
});

/** Receivers give up on what holds nonsense, and on everything without us. */
function askBroken(text: string, torn?: TornSpf): ReturnType<typeof compareAlone> {
  const judge: SpfJudge = async (_domain, record) => (record.includes('ip4:192.0.2.1') && !record.includes('nonsense') ? { kind: 'good', note: '' } : { kind: 'broken', detail: 'too many look-ups', ...(torn && { torn }) });
  return compareAlone('spf', { wanted: '"v=spf1 ip4:192.0.2.1 ~all"', rivals: [`"${text}"`], owned: false, domain: 'd.example', spf: judge });
}
