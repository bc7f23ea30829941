import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishableType } from '../contract/dns-publishing.ts';
import { planSet, type SetVerdict } from './plan-set.ts';
import type { SpfJudge } from './spf-merge.ts';

const good: SpfJudge = async () => ({ kind: 'good', note: 'it lets us pass' });
const lacking: SpfJudge = async () => ({ kind: 'missing', terms: ['ip4:203.0.113.10'] });
const dark: SpfJudge = async () => ({ kind: 'unknown', detail: 'the DNS is down' });

interface Case {
  readonly name?: string;
  readonly type?: PublishableType;
  readonly wanted?: readonly string[];
  readonly published?: readonly string[];
  readonly owned?: readonly string[];
  readonly takeOver?: boolean;
  readonly spf?: SpfJudge;
}

function plan({ name = 'd.example', type = 'TXT', wanted, published, owned = [], takeOver = false, spf = good }: Case): Promise<SetVerdict> {
  return planSet({
    ...(wanted && { desired: { name, type, ttlSeconds: 3600, values: wanted, why: 'wanted' } }),
    ...(published && { published: { name, type, ttlSeconds: 77, values: published } }),
    owned, takeOver, spf,
  });
}

const SPF = '"v=spf1 ip4:203.0.113.10 ~all"';

test('SPF: what others wrote stays in the record, byte for byte beside it', async () => {
  const verification = '"verify=\\"1\\"" "two"';
  const { action, after, ours } = await plan({ wanted: [SPF], published: [verification, '"v=spf1 include:_spf.example.net -all"'], spf: lacking });
  assert.equal(action, 'change');
  assert.deepEqual(after?.values, [verification, '"v=spf1 ip4:203.0.113.10 include:_spf.example.net -all"']);
  assert.equal(after?.ttlSeconds, 77);
  // It is not ours alone: it is never replaced or removed as if it were.
  assert.deepEqual(ours, []);
});

test('SPF: written differently is good, unknown is no reason to touch it, two records need a word', async () => {
  assert.equal((await plan({ wanted: [SPF], published: ['"v=spf1 mx -all"'] })).action, 'good');
  assert.equal((await plan({ wanted: [SPF], published: ['"v=spf1 mx -all"'], spf: dark })).action, 'unknown');
  const two = { wanted: [SPF], published: ['"v=spf1 mx -all"', '"v=spf1 a ~all"'] };
  assert.equal((await plan(two)).action, 'blocked');
  assert.deepEqual((await plan({ ...two, takeOver: true })).after?.values, ['"v=spf1 mx a ~all"']);
});

test('SPF: ours is replaced when something else is wanted', async () => {
  const { action, after } = await plan({ wanted: [SPF], published: ['"v=spf1 ip4:192.0.2.1 ~all"'], owned: ['"v=spf1 ip4:192.0.2.1 ~all"'] });
  assert.equal(action, 'change');
  assert.deepEqual(after?.values, [SPF]);
});

test('DMARC: stricter stays; weaker is raised only with a word, keeping its other tags', async () => {
  const name = '_dmarc.d.example';
  const wanted = ['"v=DMARC1; p=quarantine; rua=mailto:dmarc@d.example"'];
  assert.equal((await plan({ name, wanted, published: ['"v=DMARC1;p=reject"'] })).action, 'good');
  assert.equal((await plan({ name, wanted, published: ['"v=DMARC1 ; rua=mailto:x@y.example ; p=quarantine"'] })).action, 'good');
  const weak = { name, wanted, published: ['"v=DMARC1; p=none; rua=mailto:x@y.example; adkim=s"'] };
  assert.equal((await plan(weak)).action, 'blocked');
  assert.deepEqual((await plan({ ...weak, takeOver: true })).after?.values, ['"v=DMARC1; p=quarantine; rua=mailto:x@y.example; adkim=s"']);
});

test('DMARC: what we published ourselves may be lowered by its owner', async () => {
  const published = ['"v=DMARC1; p=reject"'];
  assert.equal((await plan({ name: '_dmarc.d.example', wanted: ['"v=DMARC1; p=none"'], published, owned: published })).action, 'change');
});

test('DKIM: the key counts, not how it is written; another key under our selector is in the way', async () => {
  const name = 's1._domainkey.d.example';
  const wanted = ['"v=DKIM1; k=rsa; p=QUJD"'];
  assert.equal((await plan({ name, wanted, published: ['"p=QU" "JD"'] })).action, 'good');
  assert.equal((await plan({ name, wanted, published: ['"v=DKIM1; p=QU JD; n=note"'] })).action, 'good');
  assert.equal((await plan({ name, wanted, published: ['"v=DKIM1; t=y; p=QUJD"'] })).action, 'blocked');
  assert.equal((await plan({ name, wanted, published: ['"v=DKIM1; p=WFla"'] })).action, 'blocked');
  assert.equal((await plan({ name, wanted, published: ['"v=DKIM1; k=ed25519; p=QUJD"'] })).action, 'blocked');
});

test('CAA and TLSA: ours join those of others', async () => {
  const { action, after } = await plan({ type: 'CAA', wanted: ['0 issue "ca.example"'], published: ['0 ISSUE "other.example"'] });
  assert.equal(action, 'change');
  assert.deepEqual(after?.values, ['0 ISSUE "other.example"', '0 issue "ca.example"']);
  assert.equal((await plan({ type: 'CAA', wanted: ['0 issue "ca.example"'], published: ['0 issue ca.example', '0 iodef "mailto:x@y"'] })).action, 'good');
  assert.equal((await plan({ type: 'TLSA', wanted: ['3 1 1 aabb'], published: ['3 1 1 AA BB'] })).action, 'good');
});

test('MX: a second host of others stays beside ours; a foreign one alone is in the way', async () => {
  const wanted = ['10 mail.d.example.'];
  assert.equal((await plan({ type: 'MX', wanted, published: ['10 MAIL.d.example.', '20 backup.example.'] })).action, 'good');
  assert.equal((await plan({ type: 'MX', wanted, published: ['5 mail.d.example.'] })).action, 'good');
  assert.equal((await plan({ type: 'MX', wanted, published: ['20 elsewhere.example.'] })).action, 'blocked');
  const taken = await plan({ type: 'MX', wanted, published: ['20 elsewhere.example.'], takeOver: true });
  assert.deepEqual([taken.after?.values, taken.risk], [wanted, 'high']);
});

test('what we published and nobody wants any more goes, and nothing else', async () => {
  const gone = await plan({ published: ['"ours"', '"theirs"'], owned: ['"ours"'] });
  assert.deepEqual([gone.action, gone.after?.values], ['remove', ['"theirs"']]);
  assert.equal((await plan({ published: ['"theirs"'], owned: ['"ours"'] })).action, 'good');
  assert.equal((await plan({ published: ['"ours"'], owned: ['"ours"'] })).after, undefined);
});

test('a TTL alone is no reason for a change', async () => {
  assert.equal((await plan({ type: 'A', wanted: ['203.0.113.10'], published: ['203.0.113.10'] })).action, 'good');
  assert.equal((await plan({ type: 'AAAA', wanted: ['2001:db8::10'], published: ['2001:DB8:0:0::10'] })).action, 'good');
});
