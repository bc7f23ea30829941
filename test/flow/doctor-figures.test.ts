/** The doctor in the lab, where it is our own log, settings and ports that are bad: each is found, and nothing but that. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createCertificate } from '../../src/net/self-signed.ts';
import { openLabDoctor, type LabDoctor } from '../harness/lab-doctor.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BULK = ['List-Id: <news.example.org>', 'List-Unsubscribe: <https://example.org/u>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];
let lab: LabProcess;
let doctor: LabDoctor;
let alice: LabUser;
/** What is not perfect in good weather. */
let usual: Record<string, string>;

function inLab(settings?: string): void {
  before(async () => {
    lab = await startLab(settings === undefined ? {} : { settings });
    doctor = await openLabDoctor(lab);
    alice = new LabUser(lab);
    usual = await doctor.troubleWith([]);
  });
  after(async () => {
    alice?.close();
    await lab?.stop();
  });
}

/** Beside what is usual; that a provider which gets mail has programmes is no matter here. */
async function trouble(): Promise<Record<string, string>> {
  return Object.fromEntries(Object.entries(await doctor.troubleWith([])).filter(([check, level]) => usual[check] !== level && check !== 'enrolled'));
}

/** Recipients of example.org that came to an end, or wait. */
function counted(what: string, enough: (counts: { delivered: number; hard: number; waiting: number }) => boolean): Promise<unknown> {
  return eventually(what, async () => {
    const { figures: { host, domains } } = await doctor.factsNow();
    const sites = domains['example.org']?.sites ?? [];
    const sum = (read: (site: (typeof sites)[number]) => number): number => sites.reduce((total, site) => total + read(site), 0);
    return enough({ delivered: sum(({ delivered }) => delivered), hard: sum(({ hard }) => hard), waiting: host.queue.waiting });
  });
}

const people = (count: number, domain: string): string[] => Array.from({ length: count }, (_, at) => `reader${at}@${domain}`);

describe('the doctor and our own port 25', () => {
  inLab();

  /** With a server in place of ours that answers like this. */
  async function found(options: Parameters<typeof startPeer>[0]): Promise<Record<string, string>> {
    const { address } = doctor.facts.addresses[0] ?? assert.fail();
    const peer = await startPeer({ ...options, address, script: ({ command }) => (command.startsWith('RCPT') ? '550 5.7.1 no relay' : undefined) });
    try {
      const { server } = doctor.facts;
      const listeners = [{ service: 'smtp', address, port: peer.port } as const];
      const results = await doctor.troubleWith([], { ...doctor.facts, server: { ...server, listeners } });
      return Object.fromEntries(Object.entries(results).filter(([check, level]) => usual[check] !== level && check !== 'discovery'));
    } finally {
      await peer.close();
    }
  }
  const ours = () => ({ certificatePem: readFileSync(join(lab.ready.dir, 'certificate.pem'), 'utf8'), keyPem: readFileSync(join(lab.ready.dir, 'key.pem'), 'utf8') });

  it('finds nothing at a server that is as it should be', async () => assert.deepEqual(await found({ tls: ours() }), {}));
  it('finds that STARTTLS is not offered, nothing else', async () => assert.deepEqual(await found({}), { starttls: 'fail' }));
  it('finds that old TLS is taken, nothing else', async () => assert.deepEqual(await found({ tls: { ...ours(), minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } }), { starttls: 'warn' }));
  it('finds a certificate that expires soon, nothing else', async () => {
    assert.deepEqual(await found({ tls: issued('mail.example.org', 10) }), { certificate: 'warn' });
  });
  it('finds a certificate that has expired, nothing else', async () => {
    assert.deepEqual(await found({ tls: issued('mail.example.org', -1) }), { certificate: 'fail' });
  });
});

/** By the lab's own authority. */
function issued(name: string, days: number) {
  const issuer = { certificatePem: readFileSync(lab.ready.ca, 'utf8'), keyPem: readFileSync(lab.ready.ca.replace(/\.pem$/, '.key'), 'utf8') };
  return createCertificate({ subject: name, altNames: [name], issuer, days });
}

describe('the doctor and mail that others encrypt, return and call spam', () => {
  // Else what is tried here is slowed down before it is a fault.
  inLab('[guard]\nevery = 0\n[quota]\nbrake = false\n[shaping]\nenabled = false\n');

  it('finds mail that nobody encrypts, nothing else', async () => {
    await alice.weather(['no-tls'], 'on');
    for (let round = 0; round < 2; round += 1) {
      for (const domain of ['outlook.com', 'yahoo.com', 'icloud.com']) await alice.delivered(await alice.submit({ to: `friend@${domain}`, subject: 'Hello' }));
      // By then connections that are kept open are closed.
      await alice.passTime(HOUR_MS);
    }
    await eventually('sessions are counted', async () => ((await doctor.factsNow()).server.outboundTls?.sessions ?? 0) >= 5);
    assert.deepEqual(await trouble(), { 'outbound-tls': 'fail' });
    await alice.weather(['no-tls'], 'off');
    await alice.passTime(3 * DAY_MS);
    assert.deepEqual(await trouble(), {});
  });

  it('finds a list full of dead addresses, nothing else', async () => {
    await alice.weather(['unknown-user'], 'on', ['yahoo']);
    await alice.submitToMany(people(120, 'yahoo.com'), 'News', { header: BULK });
    await counted('all are returned', ({ hard }) => hard >= 120);
    assert.deepEqual(await trouble(), { bounces: 'fail' });
    await alice.weather(['unknown-user'], 'off');
    await alice.passTime(9 * DAY_MS);
    assert.deepEqual(await trouble(), {});
  });

  it('finds that readers press "spam", and does not condemn for it with little mail', async () => {
    await alice.weather(['complaints'], 'on', ['yahoo']);
    for (const to of ['ann@yahoo.com', 'ben@yahoo.com']) await alice.delivered(await alice.submit({ to, subject: 'News', header: BULK }));
    await eventually('the complaints are read', async () => ((await doctor.factsNow()).figures.domains['example.org']?.complaints?.length ?? 0) > 0);
    assert.deepEqual(await trouble(), { complaints: 'warn' });
    await alice.weather(['complaints'], 'off');
    await alice.passTime(9 * DAY_MS);
    assert.deepEqual(await trouble(), {});
  });

  it('finds that volume has jumped, nothing else', async () => {
    await alice.submitToMany(people(600, 'outlook.com'), 'News');
    await counted('all are delivered', ({ delivered }) => delivered >= 600);
    assert.deepEqual(await trouble(), { growth: 'warn' });
  });

  it('finds a queue that is long and grows, nothing else', async () => {
    await alice.passTime(9 * DAY_MS);
    await eventually('lengths of a day are noted', async () => {
      await alice.call('lab.clock', { advanceMs: HOUR_MS });
      const { figures } = await doctor.factsNow();
      return figures.host.queueBefore.length >= 24;
    }, 60_000);
    await alice.weather(['blackhole-mx'], 'on', ['gmx']);
    await alice.submitToMany(people(150, 'gmx.net'), 'Hello');
    await counted('it waits', ({ waiting }) => waiting >= 150);
    assert.deepEqual(await trouble(), { 'queue-length': 'fail' });
  });
});

describe('the doctor and those who unsubscribe', () => {
  inLab('[guard]\nevery = 0\n[doctor]\nunsubscribe-test = ["seed@gmail.com"]\n');

  for (const [what, status, level] of [['works', 200, undefined], ['redirects', 302, 'fail'], ['asks for a log-in', 401, 'fail'], ['is broken today', 503, 'warn']] as const) {
    it(`tries the link of a trial address, which ${what}`, async () => {
      const asked: string[] = [];
      const prefix = lab.ready.smtp.host.replace(/\d+$/, '');
      const { certificatePem, keyPem } = issued('news.example.com', 30);
      const site = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(status, { location: 'https://news.example.com/login' }).end();
      });
      await new Promise<void>((resolve) => site.listen(0, `${prefix}77`, resolve));
      const { port } = site.address() as { port: number };
      try {
        await alice.call('lab.record', { name: 'news.example.com', type: 'A', values: [`${prefix}77`] });
        await alice.passTime(8 * DAY_MS);
        const header = ['List-Id: <news.example.org>', `List-Unsubscribe: <https://news.example.com:${port}/u?who=seed>`, 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];
        await alice.delivered(await alice.submit({ to: 'seed@gmail.com', subject: 'News', header }));
        await eventually('the link was seen', async () => {
          const { figures } = await doctor.factsNow();
          return figures.domains['example.org']?.unsubscribe.some(({ url }) => url.includes(`:${port}/`));
        });
        // To ask took the trial of this day.
        await alice.passTime(DAY_MS);
        const found = await trouble();
        assert.deepEqual({ found, asked }, { found: level === undefined ? {} : { 'unsubscribe-works': level }, asked: ['POST /u?who=seed'] });
      } finally {
        site.closeAllConnections();
        site.close();
      }
    });
  }

  it('finds who gets more mail than two days after asking for no more, nothing else', async () => {
    await alice.passTime(9 * DAY_MS);
    const first = await alice.submit({ to: 'ann@outlook.com', subject: 'News', header: BULK });
    await alice.delivered(first);
    const { messages } = await alice.call<{ messages: readonly { id: string; rcptTo: readonly string[] }[] }>('lab.inbox', { provider: 'outlook' });
    const got = messages.findLast(({ rcptTo }) => rcptTo.includes('ann@outlook.com')) ?? assert.fail();
    const raw = Buffer.from((await alice.call<{ raw: string }>('lab.inbox', { provider: 'outlook', raw: got.id })).raw, 'base64').toString();
    await optOut(raw.slice(0, raw.indexOf('\r\n\r\n')));
    await eventually('it is read', async () => JSON.stringify(await lab.json(['suppression', 'list', '--domain', 'outlook.com'])).includes('ann@outlook.com'));
    await alice.passTime(3 * DAY_MS);
    assert.deepEqual(await trouble(), {});
    await lab.run(['suppression', 'remove', 'ann@outlook.com']);
    await alice.delivered(await alice.submit({ to: 'ann@outlook.com', subject: 'More news', header: BULK }));
    assert.deepEqual(await trouble(), { 'unsubscribe-honoured': 'fail' });
  });
});

/** A report that somebody wants no more, from the host outside. */
async function optOut(header: string): Promise<void> {
  const { host, port } = lab.ready.smtp;
  const session = await SmtpDialogue.open(host, port, { localAddress: host.replace(/\d+$/, '40') });
  try {
    await session.reply();
    for (const line of ['EHLO mail.good.example', 'MAIL FROM:<reports@good.example>', 'RCPT TO:<fbl@example.org>', 'DATA']) await session.say(line);
    const date = new Date((await alice.call<{ now: string }>('lab.clock')).now).toUTCString().replace('GMT', '+0000');
    const fields = ['From: <reports@good.example>', 'To: <fbl@example.org>', `Date: ${date}`, 'Message-ID: <opt-out@good.example>', 'MIME-Version: 1.0', 'Subject: opt-out', 'Content-Type: multipart/report; report-type=feedback-report; boundary=b'];
    const report = ['--b', 'Content-Type: text/plain', '', 'no more', '--b', 'Content-Type: message/feedback-report', '', 'Feedback-Type: opt-out', 'User-Agent: Test/1', 'Version: 1', 'Original-Rcpt-To: <ann@outlook.com>', '', '--b', 'Content-Type: text/rfc822-headers', '', header, '', '--b--', '.'];
    assert.match(await session.say([...fields, '', ...report].join('\r\n')), /^250/);
  } finally {
    session.close();
  }
}

describe('the mail-tester and mail to many', () => {
  inLab();

  /** What is amiss with a message that this server signed, as a provider got it. */
  async function scored(fields: readonly string[]): Promise<Record<string, string>> {
    await alice.delivered(await alice.submit({ to: 'reader@yahoo.com', subject: 'News of the week', header: fields, body: 'These are the news of the week, in plain words for our readers.' }));
    const { messages } = await alice.call<{ messages: readonly { id: string }[] }>('lab.inbox', { provider: 'yahoo' });
    const { raw } = await alice.call<{ raw: string }>('lab.inbox', { provider: 'yahoo', raw: messages.at(-1)?.id ?? '' });
    const { results } = await lab.json<{ results: readonly { check: string; level: string }[] }>(['score', '-', '--ip', doctor.facts.addresses[0]?.address ?? '', '--helo', 'mail.example.org', '--sender', 'alice@example.org', '--tls', '--no-fetch'], Buffer.from(raw, 'base64').toString());
    return Object.fromEntries(results.filter(({ level }) => level === 'fail' || level === 'warn').map(({ check, level }) => [check, level]));
  }

  for (const [what, fields, found] of [
    ['nothing where one click unsubscribes', BULK, {}],
    ['that one can unsubscribe only by mail', ['List-Id: <news.example.org>', 'List-Unsubscribe: <mailto:leave@example.org>'], { 'one-click': 'warn' }],
    ['that one cannot unsubscribe at all', ['List-Id: <news.example.org>'], { 'one-click': 'fail' }],
    ['that no field says whose mailing it is', ['Precedence: bulk', ...BULK.slice(1)], { 'bulk-fields': 'warn' }],
    ['that there is none of the fields', BULK.slice(1), { 'bulk-fields': 'fail' }],
  ] as const) {
    it(`finds ${what}`, async () => assert.deepEqual(await scored(fields), found));
  }
});

describe('the doctor and forwarded mail', () => {
  it('finds that the return path is kept, nothing else', async () => {
    assert.deepEqual(await inOwnLab('[forwarding]\nrewrite-sender = false\n'), { forwarding: 'warn' });
  });

  it('finds that bounces of it lead nowhere, nothing else', async () => {
    assert.deepEqual(await inOwnLab('[forwarding]\nsrs-domain = "gone.example.com"\n'), { forwarding: 'fail' });
  });

  async function inOwnLab(settings: string): Promise<Record<string, string>> {
    const other = await startLab({ settings });
    try {
      const found = await (await openLabDoctor(other)).troubleWith([]);
      return Object.fromEntries(Object.entries(found).filter(([check]) => !['dmarc-policy', 'caa'].includes(check)));
    } finally {
      await other.stop();
    }
  }
});

describe('the doctor and seed accounts', () => {
  inLab('[guard]\nevery = 0\n');

  it('finds that tests land in the spam folder, nothing else', async () => {
    for (const [name, address] of [['gmail', 'seed@gmail.com'], ['outlook', 'seed@outlook.com']] as const) {
      const { imap } = lab.ready.providers.find((each) => each.name === name) ?? assert.fail(name);
      const { status, stderr } = await lab.run(['placement', 'seed', 'add', address, '--host', imap.host, '--port', String(imap.port), '--tls', 'none', '--password-stdin', '--provider', name], `${imap.password}\n`);
      assert.equal(status, 0, stderr);
    }
    await lab.json(['placement', 'test']);
    await readSeeds();
    assert.deepEqual(await trouble(), {});
    await alice.weather(['unauthenticated'], 'on');
    await lab.json(['placement', 'test', '--seed', 'seed@outlook.com']);
    await readSeeds();
    await alice.weather(['unauthenticated'], 'off');
    assert.deepEqual(await trouble(), { placement: 'fail' });
  });

  const readSeeds = (): Promise<unknown> => eventually('all seeds read', async () => (await lab.json<{ waiting: number }>(['placement', 'read'])).waiting === 0);
});
