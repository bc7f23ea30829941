/**
 * What is told when a domain cannot be looked up: what truly came, who has to mend it. Name servers made by hand on real
 * sockets, the resolver, the search for mail hosts, and the meaning of the words.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createOwnHosts } from '../../src/flow/deliver/own-hosts.ts';
import { mailHosts, type MailHostStep } from '../../src/flow/deliver/mail-hosts.ts';
import { createResolver, type Resolver } from '../../src/net/resolver.ts';
import { explainReply } from '../../src/mail/reply-meaning/explain.ts';
import { findTlsa } from '../../src/verify/dane/find-tlsa.ts';
import { createStsPolicies } from '../../src/verify/mta-sts/sts-policies.ts';
import { a, answerBytes, nameServer, type Behaviour, type NameServer, type Replies } from '../harness/name-server.ts';

const made: Resolver[] = [];
after(() => made.forEach((resolver) => resolver.close()));

function resolverOf(server: Pick<NameServer, 'address' | 'port'>): Resolver {
  const limits = { attemptTimeoutMs: 1_500, totalTimeoutMs: 5_000 };
  const resolver = createResolver({ servers: [server], trustAd: true, clock: new SystemClock(), log: silentLog, limits });
  made.push(resolver);
  return resolver;
}

const ROOT: Replies = { answers: [{ type: 'NS', name: '.', data: 'ns.root' }] };
const CD = 0x0010;
const TRUNCATED = 0x0200;

/** `bad` for the domain; for the root, which shows whether it answers at all, as a resolver that is well. */
const well = (bad: (asked: Parameters<Behaviour>[0]) => ReturnType<Behaviour>): Behaviour => (asked) => (asked.name === '.' ? ROOT : bad(asked));

async function firstStep(behaviour: Behaviour, tcp = true): Promise<MailHostStep> {
  const server = await nameServer(behaviour, tcp);
  const own = createOwnHosts({ hostname: 'mail.example.org', listen: { smtp: [], submission: [], submissions: [] }, outbound: { port: 25, protocols: ['ipv4'], ips: [] } } as never);
  const found = await mailHosts({ dns: resolverOf(server), own, protocols: ['ipv4'] }, 'a.test').next();
  assert.ok(found.value);
  return found.value;
}

interface Case {
  readonly what: string;
  readonly answers: Behaviour;
  readonly tcp?: boolean;
  readonly text: RegExp;
  readonly rule: string;
  readonly culprit: 'theirs' | 'our-dns';
}

/** RFC 8914 in an OPT record: dns-packet writes no option of that number. */
const withExtended = (rcode: number, code: number, words: string): Replies => ({
  raw: (query) => {
    const [plain] = answerBytes(query, { rcode }) as [Buffer];
    const text = Buffer.from(words);
    const opt = Buffer.concat([Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6 + text.length, 0, 15, 0, 2 + text.length, 0, code]), text]);
    const whole = Buffer.concat([plain, opt]);
    whole.writeUInt16BE(1, 10);
    return whole;
  },
});

const CASES: readonly Case[] = [
  { what: 'FORMERR for this name', answers: well(() => ({ rcode: 1 })), text: /\(FORMERR: .*; our DNS server answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
  { what: 'FORMERR for all', answers: () => ({ rcode: 1 }), text: /\(FORMERR: .*; our DNS server gives no answer for other names, either\)$/, rule: 'own.dns-strange', culprit: 'our-dns' },
  { what: 'NOTIMP for all', answers: () => ({ rcode: 4 }), text: /\(NOTIMP: /, rule: 'own.dns-strange', culprit: 'our-dns' },
  { what: 'NOTIMP for this name', answers: well(() => ({ rcode: 4 })), text: /\(NOTIMP: .*answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
  { what: 'REFUSED for all', answers: () => ({ rcode: 5 }), text: /\(REFUSED: our DNS server refuses to answer; .*either\)$/, rule: 'own.dns-refused', culprit: 'our-dns' },
  { what: 'REFUSED for this name', answers: well(() => ({ rcode: 5 })), text: /\(REFUSED: .*answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
  { what: 'SERVFAIL for this name', answers: well(() => ({ rcode: 2 })), text: /\(SERVFAIL: our DNS server found no answer; our DNS server answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
  { what: 'SERVFAIL for all', answers: () => ({ rcode: 2 }), text: /\(SERVFAIL: .*either\)$/, rule: 'own.dns-fails', culprit: 'our-dns' },
  { what: 'SERVFAIL unless signatures are not checked', answers: well(({ flags }) => ((flags & CD) === 0 ? { rcode: 2 } : {})), text: /\(SERVFAIL: its DNSSEC signatures do not check out\)$/, rule: 'own.dns-signatures', culprit: 'theirs' },
  { what: 'SERVFAIL that says why', answers: well(() => withExtended(2, 7, 'expired "2026"\r\n')), text: /\(SERVFAIL: its DNSSEC signatures do not check out \("Signature Expired: expired  2026"\)\)$/, rule: 'own.dns-signatures', culprit: 'theirs' },
  { what: 'SERVFAIL since nobody is reached', answers: well(() => withExtended(2, 22, '')), text: /found no answer \("No Reachable Authority"\); our DNS server answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
  { what: 'a referral', answers: () => ({ authorities: [{ type: 'NS', name: 'test', ttl: 300, data: 'ns.test' }] }), text: /\(REFUSED: /, rule: 'own.dns-refused', culprit: 'our-dns' },
  { what: 'an answer for another name', answers: () => ({ answers: [a('bank.test', '6.6.6.6')] }), text: /\(what came is no answer to the question; .*either\)$/, rule: 'own.dns-strange', culprit: 'our-dns' },
  { what: 'an answer to another question', answers: () => ({ questions: [{ type: 'A', name: 'x.test' }], answers: [a('x.test', '6.6.6.6')] }), text: /\(what came is no answer to the question; /, rule: 'own.dns-strange', culprit: 'our-dns' },
  { what: 'truncated, and nobody on TCP', answers: well(() => ({ flags: TRUNCATED })), tcp: false, text: /\(the answer is too long for UDP, and our DNS server does not give it over TCP\)$/, rule: 'own.dns-tcp', culprit: 'our-dns' },
  { what: 'silence', answers: () => 'silence', text: /\(timeout; our DNS server gives no answer for other names, either\)$/, rule: 'own.dns-unreachable', culprit: 'our-dns' },
  { what: 'silence about this name', answers: well(() => 'silence'), text: /\(timeout; our DNS server answers for other names\)$/, rule: 'own.dns-theirs', culprit: 'theirs' },
];

test('what a name server answers in trouble is told as it came, with who has to mend it', async () => {
  const steps = await Promise.all(CASES.map(({ answers, tcp }) => firstStep(answers, tcp)));
  for (const [at, { what, text, rule, culprit }] of CASES.entries()) {
    const step = steps[at] as MailHostStep;
    assert.ok(step.kind === 'dead', what);
    assert.match(step.judgement.reply.text, /^the mail servers of a\.test cannot be looked up now \(/, what);
    assert.match(step.judgement.reply.text, text, what);
    assert.equal(step.judgement.status, 'deferred', what);
    assert.match(step.advice ?? '', /^name server 127\.0\.0\.1 port \d+|^no answer within/, what);
    const explanation = explainReply(step.judgement.reply, { own: true });
    assert.deepEqual([explanation.rule, explanation.culprit], [rule, culprit], what);
  }
});

test('the same of the address of a mail host', async () => {
  const mx = (name: string): Replies => ({ answers: [{ type: 'MX', name, data: { preference: 1, exchange: 'mx.b.test' } }] });
  const step = await firstStep(well(({ name, type }) => (type === 'MX' ? mx(name) : { rcode: 5 })));
  assert.ok(step.kind === 'dead');
  assert.match(step.judgement.reply.text, /^the address of mx\.b\.test cannot be looked up now \(REFUSED: .*answers for other names\)$/);
});

test('the same of TLSA records, which bind, and of _mta-sts, which does not', async () => {
  const dns = resolverOf(await nameServer(well(() => ({ rcode: 1 }))));
  const tlsa = await findTlsa(dns, { mx: 'mx.a.test', addressSecure: true, mxSecure: true, port: 25 });
  assert.ok(tlsa.kind === 'failure');
  assert.match(tlsa.detail, /^the TLSA records at _25\._tcp\.mx\.a\.test cannot be looked up now \(FORMERR: .*answers for other names\)$/);
  const meaning = explainReply({ code: 451, enhanced: '4.7.5', text: `no trusted TLS with mx.a.test: ${tlsa.detail}` }, { own: true });
  assert.deepEqual([meaning.rule, meaning.culprit], ['own.dns-theirs', 'theirs']);

  const cache = { get: async () => undefined, put: async () => {}, due: async () => [] };
  const policies = createStsPolicies({ dns, fetch: (() => assert.fail('nothing to fetch')) as never, cache: cache as never, clock: new SystemClock(), port: () => 443 });
  const { entry, unknown } = await policies.find('a.test');
  assert.equal(entry, undefined);
  assert.match(unknown ?? '', /^_mta-sts\.a\.test cannot be looked up now \(FORMERR: /);
});

test('who wants no blame pays nothing for it; who wants it gets it of what was kept, too', async () => {
  const server = await nameServer(well(() => ({ rcode: 5 })));
  const dns = resolverOf(server);
  const plain = await dns.query('h.test', 'A');
  assert.ok(plain.kind === 'failure' && plain.onlyHere === undefined);
  assert.ok(server.asked.every(({ name }) => name !== '.'));
  const blamed = await Promise.all([1, 2, 3].map(() => dns.query('h.test', 'A', { blame: true })));
  assert.ok(blamed.every((answer) => answer.kind === 'failure' && answer.onlyHere === true));
  assert.equal(server.asked.filter(({ name }) => name === '.').length, 1);
});

test('hostile bytes beside a failure are no words', async () => {
  const options = [[0, 15, 0, 1, 0], [0, 15, 255, 255, 0, 7], [0, 15, 0, 2, 255, 255]];
  const answers = await Promise.all(options.map(async (option) => {
    const server = await nameServer(() => ({
      raw: (query) => {
        const [plain] = answerBytes(query, { rcode: 2 }) as [Buffer];
        const whole = Buffer.concat([plain, Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, option.length]), Buffer.from(option)]);
        whole.writeUInt16BE(1, 10);
        return whole;
      },
    }));
    return resolverOf(server).query('h.test', 'A');
  }));
  for (const answer of answers) assert.ok(answer.kind === 'failure' && ['servfail', 'malformed'].includes(answer.reason), JSON.stringify(answer));
});
