/** Flattened records against the ones they were made of: every address must get the same answer from both. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSeededRandom, type SeededRandom } from '../../../test/harness/seeded-random.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { checkSpf } from './check-spf.ts';
import { flattenSpf, type FlattenedSpf } from './flatten.ts';
import { surveySpf } from './survey.ts';

async function flattened(zone: Zone, domain: string): Promise<FlattenedSpf> {
  const flat = flattenSpf(await surveySpf(createZoneDns(zone), domain));
  assert.ok(flat);
  return flat;
}

/** The zone with the flattened records in place of the first. */
function published(zone: Zone, { records }: FlattenedSpf): Zone {
  const made = records.map(({ name, strings }) => [name, { ...(zone[name] as object), TXT: [strings] }] as const);
  return { ...zone, ...Object.fromEntries(made) };
}

async function verdict(zone: Zone, domain: string, ip: string): Promise<string> {
  return (await checkSpf(createZoneDns(zone), { ip, sender: `a@${domain}`, helo: 'x.example' })).result;
}

const MANY = Array.from({ length: 60 }, (_, at) => `ip4:203.0.113.${at * 2}`).join(' ');

describe('flattening', () => {
  it('into several records keeps what is forbidden before what is allowed', async () => {
    const zone: Zone = { 'example.org': { TXT: [`v=spf1 -ip4:10.0.5.0/24 ip4:10.0.0.0/16 ?ip4:10.1.0.0/24 ip4:10.1.0.0/16 ${MANY} -all`] } };
    const flat = await flattened(zone, 'example.org');
    assert.ok(flat.records.length > 1);
    for (const ip of ['10.0.5.1', '10.0.6.1', '10.1.0.1', '10.1.1.1', '203.0.113.4', '203.0.113.5']) {
      assert.equal(await verdict(published(zone, flat), 'example.org', ip), await verdict(zone, 'example.org', ip), ip);
    }
  });

  it('of a redirect names the domain that its terms mean', async () => {
    const zone: Zone = {
      'example.org': { TXT: ['v=spf1 ip4:192.0.2.1 redirect=example.net'], A: ['198.51.100.1'] },
      'example.net': { TXT: ['v=spf1 -a ip4:203.0.113.0/24 ?ptr ~all'], A: ['203.0.113.9'] },
    };
    const flat = await flattened(zone, 'example.org');
    assert.equal(flat.records[0]?.text, 'v=spf1 ip4:192.0.2.1 -a:example.net ip4:203.0.113.0/24 ?ptr:example.net ~all');
    for (const ip of ['203.0.113.9', '203.0.113.8', '198.51.100.1']) assert.equal(await verdict(published(zone, flat), 'example.org', ip), await verdict(zone, 'example.org', ip), ip);
  });

  it('of a redirect whose macros stand for its own name keeps the redirect', async () => {
    const zone: Zone = { 'example.org': { TXT: ['v=spf1 a:mail.example.org redirect=example.net'] }, 'mail.example.org': { A: ['192.0.2.1'] }, 'example.net': { TXT: ['v=spf1 exists:%{i}._spf.%{d} -all'] } };
    const flat = await flattened(zone, 'example.org');
    assert.deepEqual(flat.records.map(({ text }) => text), ['v=spf1 ip4:192.0.2.1 redirect=example.net']);
    assert.equal(flat.lookupsAfter, 2);
  });

  it('keeps exp= behind all', async () => {
    const flat = await flattened({ 'example.org': { TXT: ['v=spf1 ip4:192.0.2.1 -all exp=why.example.org'] } }, 'example.org');
    assert.equal(flat.records[0]?.text, 'v=spf1 ip4:192.0.2.1 exp=why.example.org -all');
  });

  it('says what was broken and is left out', async () => {
    const flat = await flattened({ 'example.org': { TXT: ['v=spf1 ip4:192.0.2.1 include:gone.example -all'] } }, 'example.org');
    assert.deepEqual(flat.dropped, [{ term: 'include:gone.example', why: 'gone.example publishes no SPF record' }]);
    assert.deepEqual(flat.frozen, []);
  });

  it('of very many networks makes longer records instead of more than ten', async () => {
    const networks = Array.from({ length: 600 }, (_, at) => `ip4:10.${at >> 7}.${(at & 127) * 2}.0/24`).join(' ');
    const zone: Zone = { 'example.org': { TXT: [`v=spf1 ${networks} -all`] } };
    const flat = await flattened(zone, 'example.org');
    assert.ok(flat.lookupsAfter <= 10, String(flat.lookupsAfter));
    assert.equal(await verdict(published(zone, flat), 'example.org', '10.4.174.9'), 'pass');
    assert.equal(await verdict(published(zone, flat), 'example.org', '10.4.175.9'), 'fail');
  });

  it('authorises exactly the same addresses, whatever the records', async () => {
    const random = createSeededRandom();
    for (let round = 0; round < 150; round += 1) {
      const zone = randomZone(random);
      const flat = await flattened(zone, 'r0.example');
      // Told as a problem: so much of it has to stay that it is not valid either.
      if (flat.lookupsAfter > 10) continue;
      const after = published(zone, flat);
      for (let at = 0; at < 25; at += 1) {
        const ip = random.below(4) === 0 ? `2001:db8::${random.below(8)}` : `10.0.${random.below(3)}.${random.below(256)}`;
        const before = await verdict(zone, 'r0.example', ip);
        // A record over the limit of look-ups answers permerror, which flattening mends.
        if (before === 'permerror') continue;
        assert.equal(await verdict(after, 'r0.example', ip), before, `${ip} of ${JSON.stringify(zone)} as ${JSON.stringify(flat.records)}, FUZZ_SEED=${random.seed}`);
      }
    }
  });
});

/** Records that include and redirect to later ones, over few addresses, so that their terms overlap. */
function randomZone(random: SeededRandom): Zone {
  const zone: Record<string, Zone[string]> = {};
  for (let at = 0; at < 4; at += 1) {
    // A long list, so that there are several records, is of networks only: includes would be more than a survey follows.
    const long = at === 0 && random.below(3) === 0;
    const terms = [...Array.from({ length: 1 + random.below(5) }, () => randomTerm(random, at)), ...Array.from({ length: long ? 50 : 0 }, () => randomTerm(random, 3))];
    const ending = at < 3 && random.below(4) === 0 ? `redirect=r${at + 1}.example` : random.pick(['-all', '~all', '?all', 'all', '']);
    zone[`r${at}.example`] = { TXT: [['v=spf1', ...terms, ending].join(' ').match(/.{1,255}/g) ?? []], A: [`10.0.0.${random.below(256)}`], MX: [{ preference: 1, exchange: 'h.example' }] };
  }
  return { ...zone, 'h.example': { A: [`10.0.1.${random.below(256)}`, `10.0.2.${random.below(256)}`], AAAA: ['2001:db8::3'] } };
}

function randomTerm(random: SeededRandom, at: number): string {
  const qualifier = random.pick(['', '', '', '', '-', '~', '?', '+']);
  const bits = random.pick(['', '', '/30', '/28', '/24']);
  const kinds = [`ip4:10.0.${random.below(3)}.${random.below(256)}${bits}`, `ip4:10.0.${random.below(3)}.${random.below(256)}${bits}`, `ip6:2001:db8::${random.below(8)}/${random.pick([126, 127, 128])}`, `a${bits}`, 'mx', `a:h.example${bits}//127`];
  return qualifier + random.pick(at < 3 && random.below(4) === 0 ? [`include:r${at + 1 + random.below(3 - at)}.example`] : kinds);
}
