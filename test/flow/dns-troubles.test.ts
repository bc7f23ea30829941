/** Publishing when something is in trouble: name servers that lag, two administrators at once, torn SPF. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { freePort, missingServer, startBind } from '../harness/bind.ts';
import { BIND_ADDRESS, publishingAtBind, type BindScene } from './bind-kit.ts';

const skip = missingServer();
const FOREIGN = '"google-site-verification=abc\\"def" "second string"';

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly domain: string; readonly name: string; readonly type: string; readonly action: string; readonly reason: string; readonly after?: { readonly values: readonly string[] } }[];
}

/** One hosted domain, in.example. */
function scene(t: TestContext, zone: string, others: readonly string[] = []): Promise<BindScene> {
  return publishingAtBind(t, { 'in.example': zone }, others);
}

test('a name server that still has the old zone, and one that is dead, are named, and apply does not wait for ever', { skip }, async (t) => {
  const lagging = await startBind(BIND_ADDRESS, { 'in.example': '', 'host.example': '', '113.0.203.in-addr.arpa': '10 IN PTR mail.host.example.' });
  t.after(() => lagging.stop());
  const dead = `${BIND_ADDRESS}:${await freePort(BIND_ADDRESS)}`;
  const { home, published } = await scene(t, '', [`${BIND_ADDRESS}:${lagging.port}`, dead]);
  const applied = await home.posthorn(['dns', 'apply', 'in.example', '--yes', '--timeout', '1s']);
  assert.equal(applied.status, 1);
  assert.match(applied.stdout, /^applied +in\.example MX at bind/m);
  assert.match(applied.stdout, new RegExp(`^late +${BIND_ADDRESS} port ${lagging.port} about all \\d+ record sets: it has nothing there`, 'm'));
  assert.equal(applied.stdout.match(new RegExp(`^late +${BIND_ADDRESS} port ${dead.split(':')[1]}.*`, 'gm'))?.length, 1, applied.stdout);
  assert.match(applied.stdout, new RegExp(`^late +${BIND_ADDRESS} port ${dead.split(':')[1]} about all \\d+ record sets: it does not answer`, 'm'));
  assert.match(applied.stdout, /^Published, but 2 name servers do not answer it yet/m);
  assert.deepEqual(await published('in.example', 'MX'), ['10 mail.host.example.']);
});

test('of two administrators who apply different plans at once one is told of the conflict, and nothing of others is lost', { skip }, async (t) => {
  const { home, published } = await scene(t, `@ IN TXT ${FOREIGN}`);
  const first = await home.json<PlanJson>(['dns', 'plan', 'in.example']);
  assert.equal((await home.posthorn(['dns', 'policy', 'in.example', '--dmarc', 'quarantine'])).status, 0);
  const second = await home.json<PlanJson>(['dns', 'plan', 'in.example']);
  const outcomes = await Promise.all([first, second].map(({ id }) => home.posthorn(['dns', 'apply', '--plan', id, '--no-wait'])));
  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), [0, 1], JSON.stringify(outcomes));
  const told = outcomes.find(({ status }) => status === 1)?.stdout ?? '';
  assert.match(told, /^conflict +_dmarc\.in\.example TXT at bind: .*/m);
  assert.match(told, /somebody changed the record since the plan was made.*plan again/);
  assert.ok((await published('in.example', 'TXT')).includes(FOREIGN));
  assert.equal((await published('_dmarc.in.example', 'TXT')).length, 1);
  assert.equal((await published('in.example', 'MX')).length, 1);
});

test('an SPF record of others that cannot be read is never lost, also with --take-over', { skip }, async (t) => {
  const { home, published } = await scene(t, `@ IN TXT "v=spf1 ip:192.0.2.9 ip4:192.0.2.77 include:_spf.one.example ~all"\n@ IN TXT ${FOREIGN}`);
  const held = await home.json<PlanJson>(['dns', 'plan', 'in.example']);
  const spf = held.items.find(({ name, type }) => name === 'in.example' && type === 'TXT');
  assert.equal(spf?.action, 'blocked');
  assert.match(spf?.reason ?? '', /ip:192\.0\.2\.9 \(there is no mechanism called ip\)/);
  const taken = await home.posthorn(['dns', 'apply', 'in.example', '--take-over', '--yes', '--no-wait']);
  assert.equal(taken.status, 0, taken.stdout + taken.stderr);
  assert.deepEqual(await published('in.example', 'TXT'), [FOREIGN, '"v=spf1 ip4:203.0.113.10 ip4:192.0.2.77 include:_spf.one.example ~all"'].toSorted());
  assert.equal((await home.posthorn(['dns', 'undo', '--no-wait'])).status, 0);
  assert.ok((await published('in.example', 'TXT')).includes('"v=spf1 ip:192.0.2.9 ip4:192.0.2.77 include:_spf.one.example ~all"'));
});
