/** The stub resolver against name servers made by hand: honest, broken and hostile ones. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import dnsPacket, { type Answer } from 'dns-packet';
import { silentLog } from '../../src/base/log.ts';
import type { HostPort } from '../../src/config/config.ts';
import type { DnsAnswer } from '../../src/contract/dns.ts';
import { createResolver, type Resolver, type ResolverOptions } from '../../src/net/resolver.ts';
import { a, answerBytes, cname, nameServer, soa } from '../harness/name-server.ts';
import { ManualClock } from '../harness/manual-clock.ts';

const cleanups: (() => void)[] = [];
after(() => cleanups.forEach((cleanup) => cleanup()));

/** How long an attempt may take; the second one may take twice as long. */
const ATTEMPT_MS = 150;

function resolver(servers: HostPort[], options: Partial<ResolverOptions> = {}): Resolver & { clock: ManualClock } {
  const clock = new ManualClock();
  const made = createResolver({
    servers, trustAd: false, clock, log: silentLog, ...options, limits: { attemptTimeoutMs: ATTEMPT_MS, totalTimeoutMs: 10 * ATTEMPT_MS, ...options.limits },
  });
  cleanups.push(() => made.close());
  return Object.assign(made, { clock });
}

/** Of the event loop: what was sent over loopback is read in one or two of them. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

/** For a server that has been asked and keeps silent: the attempt ends, the first or the second. */
function giveUp(dns: { readonly clock: ManualClock }): 'silence' {
  setImmediate(() => dns.clock.advance(2 * ATTEMPT_MS));
  return 'silence';
}

test('records come back in the form of the contract', async () => {
  const data: Record<string, Answer> = {
    MX: { type: 'MX', name: 'example.test', ttl: 60, data: { preference: 10, exchange: 'MX1.Example.TEST' } },
    TXT: { type: 'TXT', name: 'example.test', ttl: 60, data: [Buffer.from('v=spf1 '), Buffer.from([0xe9])] },
    TLSA: { type: 'TLSA', name: 'example.test', ttl: 60, data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32, 7) } },
    AAAA: { type: 'AAAA', name: 'example.test', ttl: 60, data: '2001:db8::1' },
    SRV: { type: 'SRV', name: 'example.test', ttl: 60, data: { priority: 1, weight: 2, port: 993, target: 'imap.example.test' } },
    CAA: { type: 'CAA', name: 'example.test', ttl: 60, data: { flags: 0, tag: 'issue', value: 'ca.example' } },
  };
  const server = await nameServer(({ type }) => ({ answers: [data[type] as Answer] }));
  const dns = resolver([server]);
  const expected = {
    MX: { preference: 10, exchange: 'mx1.example.test' },
    TXT: ['v=spf1 ', '\u00e9'],
    TLSA: { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32, 7) },
    AAAA: '2001:db8::1',
    SRV: { priority: 1, weight: 2, port: 993, target: 'imap.example.test' },
    CAA: { flags: 0, tag: 'issue', value: 'ca.example' },
  } as const;
  for (const [type, record] of Object.entries(expected)) {
    const answer = await dns.query('Example.Test.', type as keyof typeof expected);
    assert.deepEqual(answer, { kind: 'found', records: [record], ttlSeconds: 60, secure: false, canonicalName: 'example.test' }, type);
  }
});

test('null MX keeps its empty exchange', async () => {
  const server = await nameServer(() => ({ answers: [{ type: 'MX', name: 'example.test', ttl: 60, data: { preference: 0, exchange: '.' } }] }));
  const answer = await resolver([server]).query('example.test', 'MX');
  assert.deepEqual(answer.kind === 'found' && answer.records, [{ preference: 0, exchange: '' }]);
});

test('answers are kept for their TTL and asked again afterwards', async () => {
  const server = await nameServer((_asked, count) => ({ answers: [a('h.test', `192.0.2.${count}`, 30)] }));
  const dns = resolver([server]);
  await dns.query('h.test', 'A');
  dns.clock.advance(20_000);
  const again = await dns.query('H.test', 'A');
  assert.equal(server.asked.length, 1);
  assert.ok(again.kind === 'found' && again.ttlSeconds <= 10 && again.ttlSeconds >= 8);
  dns.clock.advance(11_000);
  const fresh = await dns.query('h.test', 'A');
  assert.deepEqual(fresh.kind === 'found' && fresh.records, ['192.0.2.2']);
  dns.flush();
  await dns.query('h.test', 'A');
  assert.equal(server.asked.length, 3);
});

test('negative answers live as the SOA says, RFC 2308', async () => {
  const server = await nameServer(({ type }) => (type === 'A' ? { rcode: 3, authorities: [soa(40, 3600)] } : { authorities: [soa(3600, 20)] }));
  const dns = resolver([server]);
  assert.deepEqual(await dns.query('no.test', 'A'), { kind: 'nxdomain', secure: false });
  assert.deepEqual(await dns.query('no.test', 'MX'), { kind: 'nodata', secure: false });
  dns.clock.advance(19_000);
  await dns.query('no.test', 'A');
  await dns.query('no.test', 'MX');
  assert.equal(server.asked.length, 2);
  dns.clock.advance(2_000);
  await dns.query('no.test', 'A');
  await dns.query('no.test', 'MX');
  assert.equal(server.asked.length, 3);
});

test('a question under way is not asked twice, and one caller giving up does not hurt the other', async () => {
  const server = await nameServer(() => ({ answers: [a('h.test', '192.0.2.1')] }));
  const dns = resolver([server]);
  const stop = new AbortController();
  const [first, second] = [dns.query('h.test', 'A', { signal: stop.signal }), dns.query('h.test', 'A')];
  stop.abort(new Error('enough'));
  await assert.rejects(first, /enough/);
  assert.equal((await second).kind, 'found');
  assert.equal(server.asked.length, 1);
});

test('CNAMEs are followed inside the answer, in any order', async () => {
  const server = await nameServer(() => ({ answers: [a('c.test', '192.0.2.1', 500), cname('b.test', 'c.test', 50), cname('a.test', 'B.test')] }));
  const answer = await resolver([server]).query('a.test', 'A');
  assert.deepEqual(answer, { kind: 'found', records: ['192.0.2.1'], ttlSeconds: 50, secure: false, canonicalName: 'c.test' });
});

test('CNAMEs are followed by asking on when the server stops short', async () => {
  const server = await nameServer(({ name }) => ({ answers: name === 'a.test' ? [cname('a.test', 'b.test')] : [a('b.test', '192.0.2.9')] }));
  const answer = await resolver([server]).query('a.test', 'A');
  assert.ok(answer.kind === 'found' && answer.canonicalName === 'b.test' && answer.records[0] === '192.0.2.9');
});

test('a CNAME to nowhere is nxdomain, one to a name without the type nodata', async () => {
  const server = await nameServer(({ type }) => ({ rcode: type === 'A' ? 3 : 0, answers: [cname('a.test', 'b.test')], authorities: [soa(60)] }));
  const dns = resolver([server]);
  assert.equal((await dns.query('a.test', 'A')).kind, 'nxdomain');
  assert.equal((await dns.query('a.test', 'MX')).kind, 'nodata');
});

test('CNAME loops end in a failure, within one answer and over several', async () => {
  const inside = await nameServer(() => ({ answers: [cname('a.test', 'b.test'), cname('b.test', 'a.test')] }));
  const outside = await nameServer(({ name }) => ({ answers: [cname(name, name === 'a.test' ? 'b.test' : 'a.test')] }));
  for (const server of [inside, outside]) {
    const answer = await resolver([server]).query('a.test', 'A');
    assert.ok(answer.kind === 'failure' && answer.reason === 'aliases');
    assert.ok(server.asked.length < 12);
  }
});

test('a truncated answer is asked again over TCP', async () => {
  const many = Array.from({ length: 200 }, (_, index) => a('big.test', `192.0.2.${index}`));
  const server = await nameServer(({ tcp }) => (tcp ? { answers: many } : { flags: dnsPacket.TRUNCATED_RESPONSE }));
  const answer = await resolver([server]).query('big.test', 'A');
  assert.equal(answer.kind === 'found' && answer.records.length, 200);
  assert.deepEqual(server.asked.map(({ tcp }) => tcp), [false, true]);
});

test('an answer that is cut short over TCP, too, is not taken for an empty one', async () => {
  const server = await nameServer(() => ({ flags: dnsPacket.TRUNCATED_RESPONSE }));
  const answer = await resolver([server]).query('big.test', 'TXT');
  assert.equal(answer.kind === 'failure' && answer.reason, 'truncated');
});

test('a name with blanks in it is asked for, as SPF macros can make one', async () => {
  const name = 'macro%percent  space%20url.test';
  const server = await nameServer(() => ({ answers: [a(name, '192.0.2.1')] }));
  assert.equal((await resolver([server]).query(name, 'A')).kind, 'found');
});

test('a server without EDNS is asked without it, and so from then on', async () => {
  const server = await nameServer(({ edns, name }) => (edns ? { rcode: 1 } : { answers: [a(name, '192.0.2.1')] }));
  const dns = resolver([server]);
  assert.equal((await dns.query('a.test', 'A')).kind, 'found');
  assert.equal((await dns.query('b.test', 'A')).kind, 'found');
  assert.deepEqual(server.asked.map(({ edns }) => edns), [true, false, false]);
});

test('the AD bit is asked for and believed only of trusted servers', async () => {
  const server = await nameServer(() => ({ flags: dnsPacket.AUTHENTIC_DATA, answers: [a('h.test', '192.0.2.1')] }));
  const trusted = await resolver([server], { trustAd: true }).query('h.test', 'A');
  const other = await resolver([server]).query('h.test', 'A');
  assert.equal(trusted.kind === 'found' && trusted.secure, true);
  assert.equal(other.kind === 'found' && other.secure, false);
  assert.deepEqual(server.asked.map(({ flags }) => (flags & dnsPacket.AUTHENTIC_DATA) !== 0), [true, false]);
});

test('SERVFAIL, REFUSED, silence and a closed port give way to the next server, which is kept', async () => {
  const closed = { address: '127.0.0.1', port: 1 };
  const failing = await nameServer(() => ({ rcode: 2 }));
  const refusing = await nameServer(() => ({ rcode: 5 }));
  const silent = await nameServer(() => giveUp(dns));
  const good = await nameServer(({ name }) => ({ answers: [a(name, '192.0.2.1')] }));
  const dns: ReturnType<typeof resolver> = resolver([closed, failing, refusing, silent, good]);
  assert.equal((await dns.query('a.test', 'A')).kind, 'found');
  assert.equal((await dns.query('b.test', 'A')).kind, 'found');
  assert.deepEqual([failing, refusing, silent, good].map(({ asked }) => asked.length), [1, 1, 1, 2]);
});

test('a server that only refers to others says nothing about names: their mail would be returned', async () => {
  const ns: Answer = { type: 'NS', name: 'test', ttl: 300, data: 'ns.test' };
  const referring = await nameServer(() => ({ authorities: [ns] }));
  const answer = await resolver([referring]).query('a.test', 'MX');
  assert.ok(answer.kind === 'failure' && /does not look up names of others/.test(answer.detail));
  const good = await nameServer(({ name }) => ({ answers: [a(name, '192.0.2.1')] }));
  assert.equal((await resolver([referring, good]).query('b.test', 'A')).kind, 'found');
});

test('failures are answers, kept a few seconds', async () => {
  const server = await nameServer((_asked, count) => (count > 2 ? { answers: [a('h.test', '192.0.2.1')] } : { rcode: 2 }));
  const dns = resolver([server]);
  const failed = await dns.query('h.test', 'A');
  assert.ok(failed.kind === 'failure' && failed.reason === 'servfail');
  await dns.query('h.test', 'A');
  assert.equal(server.asked.length, 2);
  dns.clock.advance(6_000);
  assert.equal((await dns.query('h.test', 'A')).kind, 'found');
});

test('silence everywhere ends at the total deadline', async () => {
  const server = await nameServer(() => giveUp(dns));
  const dns: ReturnType<typeof resolver> = resolver([server], { limits: { totalTimeoutMs: 3 * ATTEMPT_MS } });
  const answer = await dns.query('h.test', 'A');
  assert.ok(answer.kind === 'failure' && answer.reason === 'timeout' && answer.detail === 'no answer within 0.45 s');
  assert.deepEqual(server.asked.map(({ name }) => name), ['h.test', 'h.test', '.']);
});

test('a name server that answers for other names is not to blame when one gets no answer', async () => {
  const server = await nameServer(({ name }) => (name === 'silent.test' ? giveUp(dns) : { answers: [a(name, '192.0.2.1')] }));
  const dns: ReturnType<typeof resolver> = resolver([server]);
  const blamed = async (name: string): Promise<unknown> => {
    const answer = await dns.query(name, 'A');
    return answer.kind === 'failure' ? [answer.reason, answer.onlyHere] : answer.kind;
  };
  assert.deepEqual(await blamed('silent.test'), ['timeout', true]);
});

test('forged replies with a wrong id or question are ignored, the right one behind them counts', async () => {
  const server = await nameServer(({ name }) => ({
    raw: (query) => {
      const right = answerBytes(query, { answers: [a(name, '192.0.2.1')] })[0] as Buffer;
      const wrongId = Buffer.from(right);
      wrongId.writeUInt16BE(right.readUInt16BE(0) ^ 1, 0);
      const wrongName = answerBytes(query, { questions: [{ type: 'A', name: 'x.test' }], answers: [a(name, '6.6.6.6')] })[0] as Buffer;
      const wrongType = answerBytes(query, { questions: [{ type: 'MX', name }], answers: [a(name, '6.6.6.6')] })[0] as Buffer;
      return [wrongId, wrongName, wrongType, query, Buffer.from('hello'), Buffer.alloc(0), right];
    },
  }));
  const answer = await resolver([server]).query('h.test', 'A');
  assert.deepEqual(answer.kind === 'found' && answer.records, ['192.0.2.1']);
});

test('records of other names in the answer are not believed', async () => {
  const server = await nameServer(() => ({ answers: [a('bank.test', '6.6.6.6')], authorities: [soa(60)] }));
  const dns = resolver([server]);
  const answer = await dns.query('h.test', 'A');
  assert.ok(answer.kind === 'failure' && answer.reason === 'malformed', 'else its mail would be returned');
  assert.equal((await dns.query('bank.test', 'A')).kind, 'found');
  assert.equal(server.asked.length, 3);
});

test('hostile bytes are failures, never exceptions', async () => {
  let seed = 20261120;
  const next = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0);
  const server = await nameServer(({ name }, count) => ({
    raw: (query) => {
      // Bytes that fit no question are no answer: when they have been read, a better one is waited for.
      void turns(8).then(() => giveUp(dns));
      const header = Buffer.from(query);
      header.writeUInt16BE(0x8180, 2);
      if (count % 3 === 0) {
        // A name that points at itself, and counts that promise 65,535 records.
        header.writeUInt16BE(0xffff, 6);
        return Buffer.concat([header, Buffer.from([0xc0, header.length, 0, 1, 0, 1])]);
      }
      if (count % 3 === 1) {
        const right = answerBytes(query, { answers: [a(name, '192.0.2.1')] })[0] as Buffer;
        return right.subarray(0, 12 + (next() % (right.length - 12)));
      }
      header.writeUInt16BE(1, 6);
      return Buffer.concat([header, Buffer.from(Array.from({ length: 400 }, () => next() & 255))]);
    },
  }));
  const dns: ReturnType<typeof resolver> = resolver([server]);
  const answers: DnsAnswer<'TXT'>[] = [];
  for (let index = 0; index < 60; index += 1) answers.push(await dns.query(`h${index}.test`, 'TXT'));
  for (const answer of answers) assert.notEqual(answer.kind, 'found');
  assert.ok(answers.some((answer) => answer.kind === 'failure' && answer.reason === 'malformed'));
});

test('names that cannot exist are nxdomain without a question', async () => {
  const server = await nameServer(() => ({ answers: [] }));
  const dns = resolver([server]);
  for (const name of ['', '.', 'a..test', `${'x'.repeat(64)}.test`, 'y.'.repeat(140), 'ex\tample.test', 'b\u00fccher.test', 'a\0b.test']) {
    assert.deepEqual(await dns.query(name, 'A'), { kind: 'nxdomain', secure: false }, name);
  }
  assert.equal(server.asked.length, 0);
});

test('after close every query fails at once', async () => {
  const server = await nameServer(() => 'silence');
  const dns = resolver([server], { limits: { attemptTimeoutMs: 5000, totalTimeoutMs: 10_000 } });
  const waiting = dns.query('h.test', 'A');
  setImmediate(() => dns.close());
  const answer = await waiting;
  assert.ok(answer.kind === 'failure' && answer.reason === 'network');
  assert.equal((await dns.query('other.test', 'A')).kind, 'failure');
});
