/** Every DNS provider with an HTTP API, against a server that plays the API as it is documented: the same promises hold for all. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Failure } from '../../src/base/errors.ts';
import type { ChangeOutcome, DnsZone, PublishableType, RecordSet } from '../../src/contract/dns-publishing.ts';
import { sameValues } from '../../src/publish/record-value.ts';
import { cloudflare } from '../harness/dns-apis/cloudflare.ts';
import { play, quote, type Dialect, type FakeZone, type Playing, type Reply } from '../harness/dns-apis/fake-api.ts';
import { digitalocean, linode, ovh } from '../harness/dns-apis/rows.ts';
import { desec, gandi, hetzner, route53 } from '../harness/dns-apis/sets.ts';

const signal = new AbortController().signal;
const ZONE = 'example.org';
const TTL = 3600;
const LONG = `v=DKIM1; k=rsa; p=${'Ab0+/'.repeat(80)}`;

const set = (type: PublishableType, name: string, ...values: string[]): RecordSet => ({ name: name === '@' ? ZONE : `${name}.${ZONE}`, type, ttlSeconds: TTL, values: type === 'TXT' ? values.map((value) => quote(value)) : values });

/** One of each kind that mail needs, with the names that go wrong: apex, wildcard, underscores. */
const WANTED: readonly RecordSet[] = [
  set('TXT', '@', 'v=spf1 mx -all'),
  set('MX', '@', '10 mail.example.org.', '20 backup.example.net.'),
  set('A', 'mail', '192.0.2.1', '192.0.2.2'),
  set('AAAA', 'mail', '2001:db8::1'),
  set('TXT', '_dmarc', 'v=DMARC1; p=none; rua=mailto:dmarc@example.org'),
  set('TXT', 's1._domainkey', LONG),
  set('TXT', '*', 'say "hello"; <b>&amp; 100% für alle'),
  set('CNAME', 'autoconfig', 'mail.example.org.'),
  set('SRV', '_imaps._tcp', '0 1 993 mail.example.org.'),
  set('CAA', '@', '0 issue "letsencrypt.org"'),
  set('TLSA', '_25._tcp.mail', `3 1 1 ${'ab'.repeat(32)}`),
];

for (const dialect of [cloudflare, route53, hetzner, digitalocean, linode, ovh, gandi, desec]) describe(dialect.type, () => conform(dialect));

function conform(dialect: Dialect): void {
  const playing: Playing[] = [];
  after(() => {
    for (const one of playing) one.stop();
  });
  const begin = async (): Promise<Playing & { fake: FakeZone; zone: DnsZone }> => {
    const one = await play(dialect);
    playing.push(one);
    const fake = one.world.zone(ZONE);
    one.world.row(fake, ZONE, 'NS', 86_400, 'ns1.example.net.');
    const zone = (await one.provider.zones(signal)).find(({ name }) => name === ZONE);
    assert.ok(zone);
    one.world.asked.length = 0;
    return { ...one, fake, zone };
  };
  const wanted = WANTED.filter(({ type }) => dialect.types.includes(type));
  const add = (sets: readonly RecordSet[]): { after: RecordSet }[] => sets.map((one) => ({ after: one }));
  const applied = (outcomes: readonly ChangeOutcome[], count: number): void => assert.deepEqual(outcomes, Array.from({ length: count }, () => ({ kind: 'applied' })));
  const detail = (outcome: ChangeOutcome | undefined): string => (outcome && outcome.kind !== 'applied' ? outcome.detail : assert.fail(JSON.stringify(outcome)));
  const reject = async (work: Promise<unknown>, code: string, secrets: readonly string[]): Promise<string> => {
    const error = await work.then(() => assert.fail('it did not reject'), (cause: unknown) => cause);
    assert.ok(error instanceof Failure && error.code === code, String(error));
    for (const secret of secrets) assert.ok(!error.message.includes(secret), error.message);
    return error.message;
  };

  test('lists its zones, over several pages', async () => {
    const { world, provider } = await begin();
    for (let number = 0; number < 230; number += 1) world.zone(`zone-${number}.example`);
    const zones = await provider.zones(signal);
    assert.equal(new Set(zones.map(({ name }) => name)).size, 231);
    assert.ok(zones.some(({ name }) => name === 'zone-229.example'));
  });

  test('what is applied is published, and read back the same', async () => {
    const { world, provider, zone, fake } = await begin();
    applied(await provider.apply(zone, add(wanted), signal), wanted.length);
    const back = await provider.recordSets(zone, wanted, signal);
    for (const one of wanted) {
      const found = back.filter(({ name, type }) => name === one.name && type === one.type);
      assert.equal(found.length, 1, `${one.name} ${one.type}`);
      assert.equal(found[0]?.ttlSeconds, TTL);
      assert.ok(sameValues(one.type, found[0]?.values ?? [], one.values), JSON.stringify(found[0]));
    }
    assert.ok(world.published(fake).includes(`TXT *.${ZONE} ${TTL} say "hello"; <b>&amp; 100% für alle`), world.published(fake).join('\n'));
    assert.ok(world.published(fake).includes(`TXT s1._domainkey.${ZONE} ${TTL} ${LONG}`));
    assert.ok(world.published(fake).includes(`NS ${ZONE} 86400 ns1.example.net.`));
    assert.ok(back.every(({ type }) => (type as string) !== 'NS'));
  });

  test('what is there already is not written again', async () => {
    const { world, provider, zone } = await begin();
    await provider.apply(zone, add(wanted), signal);
    world.asked.length = 0;
    applied(await provider.apply(zone, add(wanted), signal), wanted.length);
    assert.deepEqual(world.changes.filter(({ path }) => !path.endsWith('/refresh')), []);
  });

  test('values of others stay, in the set and beside it', async () => {
    const { world, provider, zone, fake } = await begin();
    world.row(fake, ZONE, 'TXT', TTL, 'google-site-verification=abc');
    world.row(fake, ZONE, 'TXT', TTL, 'v=spf1 -all');
    world.row(fake, `www.${ZONE}`, 'A', 300, '192.0.2.80');
    const [before] = (await provider.recordSets(zone, [{ name: ZONE, type: 'TXT' }], signal)).filter(({ name, type }) => name === ZONE && type === 'TXT');
    assert.ok(before);
    const change = { before, after: set('TXT', '@', 'google-site-verification=abc', 'v=spf1 mx -all') };
    applied(await provider.apply(zone, [change], signal), 1);
    assert.deepEqual(world.published(fake), [`A www.${ZONE} 300 192.0.2.80`, `NS ${ZONE} 86400 ns1.example.net.`, `TXT ${ZONE} ${TTL} google-site-verification=abc`, `TXT ${ZONE} ${TTL} v=spf1 mx -all`]);
  });

  test('removes a set, and puts a CNAME in the place of others', async () => {
    const { world, provider, zone, fake } = await begin();
    world.row(fake, `autoconfig.${ZONE}`, 'A', TTL, '192.0.2.9');
    world.row(fake, `autoconfig.${ZONE}`, 'A', TTL, '192.0.2.10');
    const outcomes = await provider.apply(zone, [{ after: set('CNAME', 'autoconfig', 'mail.example.org.') }, { before: set('A', 'autoconfig', '192.0.2.9', '192.0.2.10') }], signal);
    applied(outcomes, 2);
    assert.deepEqual(world.published(fake), [`CNAME autoconfig.${ZONE} ${TTL} mail.example.org.`, `NS ${ZONE} 86400 ns1.example.net.`]);
  });

  test('a new TTL', async () => {
    const { world, provider, zone, fake } = await begin();
    world.row(fake, `mail.${ZONE}`, 'A', TTL, '192.0.2.1');
    applied(await provider.apply(zone, [{ before: set('A', 'mail', '192.0.2.1'), after: { ...set('A', 'mail', '192.0.2.1'), ttlSeconds: 7200 } }], signal), 1);
    assert.ok(world.published(fake).includes(`A mail.${ZONE} 7200 192.0.2.1`));
  });

  test('somebody else was quicker: a conflict, and nothing is changed', async () => {
    const { world, provider, zone, fake } = await begin();
    world.row(fake, ZONE, 'TXT', TTL, 'v=spf1 include:other.example -all');
    const published = world.published(fake);
    const outcomes = await provider.apply(zone, [{ before: set('TXT', '@', 'v=spf1 -all'), after: set('TXT', '@', 'v=spf1 mx -all') }], signal);
    assert.deepEqual(kindsOf(outcomes), ['conflict']);
    assert.match(detail(outcomes[0]), /include:other\.example/);
    assert.deepEqual(world.published(fake), published);
    assert.deepEqual(kindsOf(await provider.apply(zone, [{ after: set('TXT', '@', 'v=spf1 mx -all') }], signal)), ['conflict']);
    assert.deepEqual(world.published(fake), published);
  });

  test('a zone of 250 sets is read whole', async () => {
    const { world, provider, zone, fake } = await begin();
    for (let number = 0; number < 250; number += 1) world.row(fake, `host-${number}.${ZONE}`, 'A', TTL, `192.0.2.${number}`);
    const names = Array.from({ length: 250 }, (_, number) => ({ name: `host-${number}.${ZONE}`, type: 'A' as const }));
    assert.equal((await provider.recordSets(zone, names, signal)).length, 250);
  });

  const busy = (seconds: string): Reply => ({ status: 429, headers: { 'retry-after': seconds }, json: { message: 'slow down' } });

  test('the rate limit is kept to: it waits as long as it is told', async () => {
    const { world, provider, zone, waits, fake } = await begin();
    const refused = new Set<string>();
    world.fault = ({ method }) => (refused.has(method) ? undefined : (refused.add(method), busy('7')));
    applied(await provider.apply(zone, add([set('A', 'mail', '192.0.2.1')]), signal), 1);
    assert.ok(refused.size >= 2);
    assert.ok(waits.filter((ms) => ms === 7000).length === refused.size, String(waits));
    assert.equal(fake.rows.filter(({ type }) => type === 'A').length, 1);
  });

  test('a wait of a day is no wait: it says so at once', async () => {
    const { world, provider, secrets } = await begin();
    world.fault = () => busy('86400');
    assert.match(await reject(provider.zones(signal), 'dns-provider-unreachable', secrets), /rate limit/);
    assert.equal(world.asked.length, 1);
  });

  test('wrong credentials: refused for good, without the credentials in the text', async () => {
    const { world, provider, zone, secrets } = await begin();
    world.fault = ({ headers }) => ({ status: 401, json: { message: `bad ${JSON.stringify(headers)} ${secrets.join(' ')}`, error: { message: secrets.join() }, errors: [{ message: secrets.join(), reason: secrets.join() }], detail: secrets.join() } });
    assert.match(await reject(provider.zones(signal), 'dns-provider-refused', secrets), /mine: .*401/);
    const outcomes = await provider.apply(zone, add(wanted), signal);
    assert.ok(outcomes.length === wanted.length && outcomes.every((outcome) => outcome.kind === 'failed' && !outcome.temporary));
    for (const secret of secrets) assert.ok(!JSON.stringify(outcomes).includes(secret));
  });

  test('trouble of the server: questions are asked again, changes are not', async () => {
    const { world, provider, zone } = await begin();
    let troubles = 0;
    world.fault = ({ method }) => (method === 'GET' && (troubles += 1) === 1 ? { status: 502, text: '<html>bad gateway</html>' } : undefined);
    assert.equal((await provider.zones(signal)).length, 1);
    world.asked.length = 0;
    world.fault = ({ method }) => (method === 'GET' ? undefined : { status: 500, json: {} });
    const outcomes = await provider.apply(zone, add([set('A', 'mail', '192.0.2.1')]), signal);
    assert.ok(outcomes[0]?.kind === 'failed' && outcomes[0].temporary, JSON.stringify(outcomes));
    assert.equal(world.changes.filter(({ path }) => !path.endsWith('/refresh')).length, 1);
  });

  test('a connection that ends, and an answer that makes no sense', async () => {
    const { world, provider, secrets } = await begin();
    world.fault = () => 'hang up';
    await reject(provider.zones(signal), 'dns-provider-unreachable', secrets);
    for (const text of ['', '{', 'null', '{"zones":7}', '<a><b></a>', '[[[]]]', '<!DOCTYPE x>']) {
      world.fault = () => ({ status: 200, text });
      await reject(provider.zones(signal), 'dns-provider-unreachable', secrets);
    }
  });

  test('when one change cannot be made, every outcome is told', async () => {
    const { world, provider, zone, fake } = await begin();
    const three = [set('A', 'one', '192.0.2.1'), set('A', 'two', '192.0.2.2'), set('A', 'three', '192.0.2.3')];
    world.fault = ({ method, text, path }) => (method !== 'GET' && (text.includes('192.0.2.2') || path.includes('/two/')) ? { status: 422, json: { message: 'no' } } : undefined);
    const outcomes = await provider.apply(zone, add(three), signal);
    assert.deepEqual(kindsOf(outcomes), dialect.atomic ? ['failed', 'failed', 'failed'] : ['applied', 'failed', 'applied']);
    assert.equal(fake.rows.filter(({ type }) => type === 'A').length, dialect.atomic ? 0 : 2);
  });

  test('a change that cannot be made keeps the others of an all-or-nothing provider back', async () => {
    const { world, provider, zone, fake } = await begin();
    world.row(fake, `taken.${ZONE}`, 'A', TTL, '192.0.2.66');
    const outcomes = await provider.apply(zone, add([set('A', 'free', '192.0.2.1'), set('A', 'taken', '192.0.2.2')]), signal);
    assert.deepEqual(kindsOf(outcomes), [dialect.atomic ? 'failed' : 'applied', 'conflict']);
    assert.equal(fake.rows.some(({ name }) => name === `free.${ZONE}`), !dialect.atomic);
  });

  test('an abort ends it with the reason', async () => {
    const { world, provider, zone } = await begin();
    const stopping = new AbortController();
    world.fault = () => {
      stopping.abort(new Error('stop'));
      return 'hang up';
    };
    await assert.rejects(provider.apply(zone, add(wanted), stopping.signal), /stop/);
  });
}

const kindsOf = (outcomes: readonly ChangeOutcome[]): string[] => outcomes.map(({ kind }) => kind);

describe('what one provider alone does', () => {
  const playing: Playing[] = [];
  after(() => {
    for (const one of playing) one.stop();
  });
  const start = async (dialect: Dialect): Promise<Playing & { fake: FakeZone; zone: DnsZone }> => {
    const one = await play(dialect);
    playing.push(one);
    const fake = one.world.zone(ZONE);
    const [zone] = await one.provider.zones(signal);
    assert.ok(zone);
    return { ...one, fake, zone };
  };

  for (const dialect of [gandi, hetzner, route53]) test(`${dialect.type}: a new set replaces nothing that came between our look and our change`, async () => {
    const { world, provider, zone, fake } = await start(dialect);
    world.fault = ({ method }) => {
      if (method !== 'GET' && fake.rows.length === 0) world.row(fake, `mail.${ZONE}`, 'A', TTL, '192.0.2.1');
      return undefined;
    };
    const [outcome] = await provider.apply(zone, [{ after: set('A', 'mail', '192.0.2.9') }], signal);
    assert.equal(outcome?.kind, 'conflict');
    assert.deepEqual(world.published(fake), [`A mail.${ZONE} ${TTL} 192.0.2.1`]);
  });

  for (const dialect of [route53, cloudflare, hetzner]) test(`${dialect.type}: somebody changes the zone between our look and our change`, async () => {
    const { world, provider, zone, fake } = await start(dialect);
    world.row(fake, `mail.${ZONE}`, 'A', TTL, '192.0.2.1');
    world.fault = ({ method }) => {
      if (method !== 'GET') fake.rows = [];
      return undefined;
    };
    const [outcome] = await provider.apply(zone, [{ before: set('A', 'mail', '192.0.2.1'), after: set('A', 'mail', '192.0.2.9') }], signal);
    assert.equal(outcome?.kind, 'conflict');
    assert.deepEqual(fake.rows, []);
  });

  test('what a provider has no place for is refused before anything is sent', async () => {
    const { world, provider, zone } = await start(digitalocean);
    const outcomes = await provider.apply(zone, [{ after: set('TLSA', '_25._tcp.mail', '3 1 1 ab') }, { after: set('TXT', '@', 'back\\slash') }, { after: set('TXT', '@', 'x'.repeat(600)) }, { after: set('MX', '@', '0 .') }, { after: set('TXT', 'empty', '') }], signal);
    assert.ok(outcomes.every((outcome) => outcome.kind === 'failed' && !outcome.temporary));
    assert.deepEqual(world.changes, []);
    const other = await start(linode);
    const srv = await other.provider.apply(other.zone, [{ after: set('SRV', '_imaps._tcp.sub', '0 1 993 mail.example.org.') }, { after: set('CAA', '@', '128 issue "ca.example"') }, { after: set('CAA', 'www', '0 issue "ca.example; account=1"') }], signal);
    assert.deepEqual(kindsOf(srv), ['failed', 'failed', 'failed']);
    assert.deepEqual(other.world.changes, []);
  });

  test('linode: the TTL is a step, and set by a second request', async () => {
    const { world, provider, zone, fake } = await start(linode);
    await provider.apply(zone, [{ after: { ...set('A', 'mail', '192.0.2.1'), ttlSeconds: 4000 } }], signal);
    assert.deepEqual(world.published(fake), [`A mail.${ZONE} 7200 192.0.2.1`]);
  });

  test('deSEC: a TTL below the least one is raised', async () => {
    const { world, provider, zone, fake } = await start(desec);
    await provider.apply(zone, [{ after: { ...set('A', 'mail', '192.0.2.1'), ttlSeconds: 60 } }], signal);
    assert.deepEqual(world.published(fake), [`A mail.${ZONE} 3600 192.0.2.1`]);
  });

  test('OVH: nothing is done before the zone is refreshed', async () => {
    const { world, provider, zone } = await start(ovh);
    world.fault = ({ path }) => (path.endsWith('/refresh') ? { status: 500, json: { message: 'later' } } : undefined);
    const [outcome] = await provider.apply(zone, [{ after: set('A', 'mail', '192.0.2.1') }], signal);
    assert.ok(outcome?.kind === 'failed' && outcome.temporary && /not published/.test(outcome.detail));
  });

  test('OVH: a long key takes the place of a short one, and goes again', async () => {
    const { world, provider, zone, fake } = await start(ovh);
    const [short, long] = [set('TXT', 's1._domainkey', 'v=DKIM1; k=ed25519; p=AAAA'), set('TXT', 's1._domainkey', LONG)];
    for (const [before, after] of [[undefined, short], [short, long], [long, short]] as const) {
      assert.deepEqual(kindsOf(await provider.apply(zone, [{ ...(before && { before }), after }], signal)), ['applied']);
      assert.ok(sameValues('TXT', (await provider.recordSets(zone, [after], signal))[0]?.values ?? [], after.values));
    }
    assert.equal(world.published(fake).length, 1);
  });

  test('Cloudflare: more than 200 records go in several batches', async () => {
    const { world, provider, zone, fake } = await start(cloudflare);
    const many = Array.from({ length: 250 }, (_, number) => ({ after: set('A', `h${number}`, `192.0.2.${number}`) }));
    assert.ok((await provider.apply(zone, many, signal)).every(({ kind }) => kind === 'applied'));
    assert.equal(fake.rows.length, 250);
    assert.equal(world.changes.length, 2);
  });

  test('a foreign TXT of several strings goes back cut as it was', async () => {
    const cut = '"abc\\"def" "second string" "\\195\\169"';
    for (const dialect of [hetzner, gandi, desec]) {
      const { world, provider, zone, fake } = await start(dialect);
      world.row(fake, ZONE, 'TXT', TTL, 'v=spf1 -all');
      let sent = '';
      world.fault = ({ method, text }) => {
        if (method !== 'GET') sent = text;
        return undefined;
      };
      const before = set('TXT', '@', 'v=spf1 -all');
      await provider.apply(zone, [{ before, after: { ...before, values: [...before.values, cut] } }], signal);
      assert.ok(sent.includes(JSON.stringify(cut).slice(1, -1)), `${dialect.type}: ${sent}`);
    }
  });

  test('a TXT of 500 octets with backslashes and quotes', async () => {
    const text = 'a\\b"c'.repeat(100);
    for (const dialect of [cloudflare, route53, hetzner, linode, ovh, gandi, desec]) {
      const { provider, zone, fake } = await start(dialect);
      await provider.apply(zone, [{ after: set('TXT', 'odd', text) }], signal);
      assert.equal(fake.rows[0]?.value, text, dialect.type);
    }
  });
});
