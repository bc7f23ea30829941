/**
 * The host outside and the complaint button, towards a site that stands where our server will: a plain receiver for
 * example.org, which judges with the same verification.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { test } from 'node:test';
import { authenticate } from 'mailauth';
import { silentLog } from '../../src/base/log.ts';
import { Counters } from '../../src/lab/providers/counters.ts';
import { Greylist } from '../../src/lab/providers/greylist.ts';
import { ProviderMailbox } from '../../src/lab/providers/mailbox.ts';
import { outsideSite } from '../../src/lab/providers/outside-site.ts';
import { startProvider } from '../../src/lab/providers/provider.ts';
import { createLabVerbs } from '../../src/lab/verbs.ts';
import { parseArf } from '../../src/mail/arf.ts';
import { createClientName } from '../../src/verify/iprev/client-name.ts';
import { createResolver } from '../../src/net/resolver.ts';
import { withLab, type LabParts } from '../harness/lab-parts.ts';

/** Runs `work` with a receiver for example.org on our server's address; its mailbox is handed over. */
async function withOurSite(block: number, work: (parts: LabParts, mailbox: ProviderMailbox) => Promise<void>): Promise<void> {
  await withLab(block, async (parts) => {
    const { lab, clock, dir } = parts;
    const dns = createResolver({ servers: [{ address: lab.dns.host, port: lab.dns.port }], trustAd: true, clock, log: silentLog });
    const { certificatePem, keyPem } = await lab.issueCertificate(['mail.example.org']);
    const context = createSecureContext({ cert: certificatePem, key: keyPem });
    const mailbox = new ProviderMailbox(join(dir, 'ours'), 'ours');
    await mailbox.open();
    const site = await startProvider(
      {
        profile: { ...outsideSite, name: 'ours', domains: ['example.org'], mxHost: 'mail.example.org' },
        dns,
        clientName: createClientName(dns, { clock }),
        clock,
        log: silentLog,
        weather: () => false,
        counters: new Counters(clock),
        greylist: new Greylist(clock),
        mailbox,
        tls: { good: context, expired: context, stranger: context },
        stored: () => {},
        successWanted: () => {},
      },
      `127.${block}.0.1`,
      lab.providers[0]?.mx.port ?? 0,
    );
    try {
      await work(parts, mailbox);
    } finally {
      await site.stop();
      dns.close();
    }
  });
}

test('each kind authenticates as its description says', () =>
  withOurSite(80, async ({ lab }, mailbox) => {
    const expected: readonly (readonly [string, string])[] = [
      ['good', 'spf=pass dkim=pass dmarc=pass arc=none'],
      ['unsigned', 'spf=none dkim=none dmarc=none arc=none'],
      ['forged', 'spf=pass dkim=none dmarc=fail arc=none'],
      ['forged-quarantine', 'spf=pass dkim=none dmarc=fail arc=none'],
      ['forged-none', 'spf=pass dkim=none dmarc=fail arc=none'],
      ['broken-dkim', 'spf=pass dkim=fail dmarc=pass arc=none'],
      ['spf-fail', 'spf=fail dkim=none dmarc=none arc=none'],
      ['bulk', 'spf=pass dkim=pass dmarc=pass arc=none'],
      ['arc', 'spf=pass dkim=fail dmarc=fail arc=pass'],
      ['arc-reject', 'spf=pass dkim=fail dmarc=fail arc=pass'],
      ['utf8', 'spf=pass dkim=pass dmarc=pass arc=none'],
      ['large', 'spf=pass dkim=pass dmarc=pass arc=none'],
      ['null-sender', 'spf=pass dkim=none dmarc=none arc=none'],
    ];
    for (const [as, results] of expected) {
      const [sent] = await lab.deliver(as, 'alice@example.org');
      assert.equal(sent?.reply?.code, 250, `${as}: ${JSON.stringify(sent)}`);
      assert.equal(sent.tls, true);
      const got = mailbox.list().at(-1);
      assert.equal(`spf=${got?.spf} dkim=${got?.dkim} dmarc=${got?.dmarc} arc=${got?.arc}`, results, as);
      assert.equal(got?.clientIp, '127.80.0.40');
    }
    await assert.rejects(lab.deliver('friendly', 'alice@example.org'), /does not send "friendly"/);
  }));

test('signatures and seals convince another implementation', () =>
  withOurSite(84, async ({ lab, clock }, mailbox) => {
    const dns = createResolver({ servers: [{ address: lab.dns.host, port: lab.dns.port }], trustAd: true, clock, log: silentLog });
    const resolver = async (name: string, type: string): Promise<any> => {
      const answer = await dns.query(name, type as 'TXT');
      if (answer.kind !== 'found') throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
      return [...answer.records];
    };
    for (const [as, dkim, arc] of [['good', 'pass', 'none'], ['arc', 'neutral', 'pass']] as const) {
      await lab.deliver(as, 'alice@example.org');
      const message = mailbox.list().at(-1);
      const raw = (await mailbox.raw(String(message?.id))) as Buffer;
      const results = await authenticate(raw, { ip: '127.84.0.40', helo: 'mx.outside.example', sender: String(message?.mailFrom), mta: 'mail.example.org', resolver });
      assert.equal(results.dkim.results[0]?.status.result, dkim, as);
      assert.equal(results.arc && results.arc.status.result, arc, as);
    }
    dns.close();
  }));

test('malformed sends every variant as it is, each with its outcome', () =>
  withOurSite(81, async ({ lab }, mailbox) => {
    const results = await lab.deliver('malformed', 'alice@example.org');
    assert.equal(new Set(results.map((each) => each.variant)).size, results.length);
    assert.ok(results.length >= 15);
    for (const each of results) assert.ok(each.reply !== undefined || each.error !== undefined, each.variant);
    const raws = await Promise.all(mailbox.list().map(async ({ id }) => String(await mailbox.raw(id))));
    assert.ok(raws.some((raw) => /Hel\nlo/.test(raw)), 'the bare LF went over the wire');
    assert.ok(raws.some((raw) => raw.includes('\n.\nMAIL FROM')), 'the smuggling attempt stayed one message');
  }));

test('a complaint brings an ARF report where the provider has a feedback loop', () =>
  withOurSite(82, async ({ lab, send }, mailbox) => {
    await send('bob@yahoo.com');
    await send('bob@gmail.com');
    const [yahoo, gmail] = [lab.inbox('yahoo')[0], lab.inbox('gmail')[0]];
    const complaint = await lab.complain('yahoo', String(yahoo?.id));
    assert.equal(complaint.kind, 'reported');
    const [report] = mailbox.list();
    assert.deepEqual(report?.rcptTo, ['abuse@example.org']);
    assert.equal(report.dmarc, 'pass');
    const arf = parseArf((await mailbox.raw(report.id)) as Buffer);
    assert.equal(arf?.feedbackType, 'abuse');
    assert.equal(arf.sourceIp, '127.82.0.10');
    assert.equal(arf.originalMessageId, yahoo?.messageId);
    assert.equal((await lab.complain('gmail', String(gmail?.id))).kind, 'counted');
    assert.equal((await lab.complain('yahoo', String(yahoo?.id))).kind, 'counted', 'a second press sends nothing');
    assert.equal(lab.counters('yahoo').find((row) => row.kind === 'domain')?.complaints, 1);
    assert.equal(lab.counters('gmail').find((row) => row.kind === 'domain')?.complaints, 1);
  }));

test('the verbs give plain JSON', () =>
  withOurSite(83, async ({ lab, send, clock }) => {
    const call = async (name: string, args: unknown): Promise<any> => {
      const verb = createLabVerbs(lab).find((each) => each.name === name);
      assert.ok(verb, name);
      return JSON.parse(JSON.stringify(await verb.run(undefined, verb.args.parse(args))));
    };
    await send('bob@gmail.com');
    await send('carol@gmail.com');
    const { messages } = await call('lab.inbox', { provider: 'gmail.com', address: 'carol@gmail.com' });
    assert.equal(messages.length, 1);
    const [message] = messages;
    for (const key of ['id', 'mailFrom', 'rcptTo', 'headerFrom', 'subject', 'messageId', 'folder', 'spf', 'dkim', 'dmarc', 'tls', 'clientIp', 'helo', 'receivedAt']) assert.ok(key in message, key);
    assert.deepEqual([message.mailFrom, message.rcptTo, message.headerFrom, message.subject], ['alice@example.org', ['carol@gmail.com'], 'alice@example.org', 'Hello']);
    assert.match(Buffer.from((await call('lab.inbox', { provider: 'gmail', raw: message.id })).raw, 'base64').toString(), /^DKIM-Signature: [^]*Hello there\.\r\n$/);
    assert.equal((await call('lab.scenario', { name: 'no-ptr', state: 'on' })).scenarios[0].state, 'on');
    assert.ok((await call('lab.scenario', {})).scenarios.length > 20);
    assert.equal((await call('lab.deliver', {})).results[0].reply.code, 250);
    const before = clock.now();
    await call('lab.clock', { advanceMs: 3_600_000 });
    assert.ok(clock.now() - before >= 3_600_000);
    assert.ok((await call('lab.counters', { provider: 'gmail' })).counters.length > 0);
    assert.equal((await call('lab.complain', { provider: 'gmail', id: message.id })).kind, 'counted');
    const scenario = createLabVerbs(lab).find((each) => each.name === 'lab.scenario');
    assert.equal(scenario?.args.safeParse({ name: 'no-ptr', state: 'maybe' }).success, false);
  }));
