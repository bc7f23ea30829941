/** Checks of what this server's own records say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../../test/harness/zone-dns.ts';
import type { HttpsAnswer, HttpsRequest } from '../../../contract/https-fetch.ts';
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import type { Check, DoctorContext, DomainSubject, HostSubject, Level } from '../../check.ts';
import type { DomainFigures, HostFigures } from '../../figures.ts';
import { placement } from '../receiving/placement.ts';
import { queueLength } from '../receiving/queue-length.ts';
import { senderMailboxes } from '../receiving/sender-mailboxes.ts';
import { bounces } from './bounces.ts';
import { complaints } from './complaints.ts';
import { enrolled } from './enrolled.ts';
import { growth } from './growth.ts';
import { unsubscribeHonoured } from './unsubscribe-honoured.ts';
import { unsubscribeWorks } from './unsubscribe-works.ts';

const HOST: HostFigures = { queue: { waiting: 0, held: 0 }, queueBefore: [], volume: [], enrolled: [], sites: [] };
const DOMAIN: DomainFigures = { sites: [], complaints: [], senders: [], unsubscribe: [], mayTryUnsubscribe: false };
const CONTEXT: DoctorContext = { dns: createZoneDns({}), now: Date.UTC(2026, 10, 21) };

function host(check: Check, figures?: Partial<HostFigures>) {
  const subject: HostSubject = { kind: 'host', hostname: 'mail.example.org', addresses: [], ...(figures ? { figures: { ...HOST, ...figures } } : {}) };
  return check.run(CONTEXT, subject);
}

function domain(check: Check, figures?: Partial<DomainFigures>, context = CONTEXT) {
  const subject: DomainSubject = { kind: 'domain', domain: 'example.org', hostname: 'mail.example.org', addresses: [], keys: [], ...(figures ? { figures: { ...DOMAIN, ...figures } } : {}) };
  return check.run(context, subject);
}

async function levels(findings: readonly Promise<{ readonly level: Level; readonly remedy?: string }>[]): Promise<readonly Level[]> {
  const all = await Promise.all(findings);
  for (const { level, remedy } of all) if (level === 'fail' || level === 'warn') assert.ok((remedy ?? '').length > 20);
  return all.map(({ level }) => level);
}

const sent = (delivered: number, hard = 0, soft = 0) => ({ sites: [{ site: 'google', delivered, hard, soft }] });
const complained = (count: number, delivered: number) => ({ ...sent(delivered), complaints: [{ provider: 'yahoo.com', count }] });

describe('checks of figures', () => {
  it('do not apply where nothing is known', async () => {
    assert.deepEqual(await levels([growth, enrolled, queueLength, placement].map((check) => host(check))), ['skip', 'skip', 'skip', 'skip']);
    assert.deepEqual(await levels([complaints, bounces, senderMailboxes, unsubscribeWorks, unsubscribeHonoured].map((check) => domain(check))), ['skip', 'skip', 'skip', 'skip', 'skip']);
  });

  it('judge complaints by what Gmail and Yahoo allow, and by one alone no small sender', async () => {
    assert.deepEqual(await levels([complained(0, 5000), complained(4, 5000), complained(10, 5000), complained(15, 5000), complained(1, 50)].map((figures) => domain(complaints, figures))), ['pass', 'pass', 'warn', 'fail', 'warn']);
  });

  it('believe Gmail about its own users', async () => {
    const gmail = (share: number) => ({ ...complained(0, 5000), gmailSpam: { day: '2026-11-19', share } });
    assert.deepEqual(await levels([gmail(0.0005), gmail(0.002), gmail(0.003)].map((figures) => domain(complaints, figures))), ['pass', 'warn', 'fail']);
  });

  it('judge returned mail by its share, when there is enough of it', async () => {
    assert.deepEqual(await levels([sent(10, 10), sent(990, 10), sent(970, 20, 10), sent(900, 80, 20)].map((figures) => domain(bounces, figures))), ['pass', 'pass', 'warn', 'fail']);
  });

  it('judge growth against the week before, address by address', async () => {
    const volume = (today: number, before: number) => ({ volume: [{ source: '192.0.2.7', daysAgo: 0, delivered: today }, ...[2, 3, 4, 5, 6, 7, 8].map((daysAgo) => ({ source: '192.0.2.7', daysAgo, delivered: before }))] });
    assert.deepEqual(await levels([volume(100, 0), volume(1900, 1000), volume(3000, 1000), volume(5000, 1000), volume(1200, 10)].map((figures) => host(growth, figures))), ['pass', 'pass', 'warn', 'fail', 'fail']);
  });

  it('ask to be enrolled only with providers that get mail', async () => {
    assert.deepEqual(await levels([host(enrolled, { sites: ['other'] }), host(enrolled, { sites: ['google', 'outlook'] }), host(enrolled, { sites: ['google'], enrolled: [{ programme: 'google', how: 'as [doctor] enrolled says' }] })]), ['skip', 'warn', 'pass']);
    assert.match((await host(enrolled, { sites: ['google', 'yahoo'], enrolled: [{ programme: 'google', how: 'x' }] })).remedy ?? '', /\[doctor\] enrolled = \["google", "yahoo"\]/);
  });

  it('judge a queue by its length, and worse when it grows', async () => {
    const before = (hours6: number, hours24: number) => [{ hoursAgo: 6, waiting: hours6 }, { hoursAgo: 24, waiting: hours24 }];
    assert.deepEqual(await levels([{ queue: { waiting: 99, held: 0 } }, { queue: { waiting: 500, held: 5 } }, { queue: { waiting: 500, held: 0 }, queueBefore: before(400, 20) }, { queue: { waiting: 500, held: 0 }, queueBefore: before(200, 20) }].map((figures) => host(queueLength, figures))), ['pass', 'warn', 'warn', 'fail']);
  });

  it('judge placement by the share that reaches the inbox', async () => {
    const placed = (inbox: number, junk: number) => ({ placement: { placed: [{ provider: 'Gmail', inbox, junk, missing: 0 }] } });
    assert.deepEqual(await levels([placed(0, 0), placed(9, 1), placed(7, 3), placed(6, 4)].map((figures) => host(placement, figures))), ['skip', 'pass', 'warn', 'fail']);
  });

  it('name senders that take no answers, and people who were not left alone', async () => {
    const dead = await domain(senderMailboxes, { senders: [{ address: 'news@example.org', field: 'from', reached: true }, { address: 'noreply@example.org', field: 'reply-to', reached: false }] });
    assert.equal(dead.level, 'fail');
    assert.match(dead.remedy ?? '', /posthorn alias add noreply@example\.org you@example\.org/);
    assert.deepEqual(await levels([domain(unsubscribeHonoured, { optOuts: { asked: 3, ignored: [] } }), domain(unsubscribeHonoured, { optOuts: { asked: 3, ignored: ['a@example.net'] } })]), ['pass', 'fail']);
  });
});

describe('unsubscribing', () => {
  const URL = 'https://news.example.org/u?who=secret-token';
  const asked: HttpsRequest[] = [];
  const withAnswer = (answer: HttpsAnswer): DoctorContext => ({
    ...CONTEXT,
    network: { linkFetch: async (request: HttpsRequest) => (asked.push(request), answer) } as unknown as DoctorNetwork,
  });
  const status = (code: number) => withAnswer({ kind: 'response', status: code, mediaType: '', headers: {}, body: Buffer.alloc(0) });
  const TRIAL = { unsubscribe: [{ url: URL, trial: true }], mayTryUnsubscribe: true };

  it('is tried with the request of RFC 8058 when the link is there for trying', async () => {
    assert.deepEqual(await levels([200, 202, 302, 403, 503].map((code) => domain(unsubscribeWorks, TRIAL, status(code)))), ['pass', 'pass', 'fail', 'fail', 'warn']);
    assert.deepEqual([asked[0]?.method, asked[0]?.path, asked[0]?.body], ['POST', '/u?who=secret-token', { mediaType: 'application/x-www-form-urlencoded', text: 'List-Unsubscribe=One-Click' }]);
  });

  it('is never tried with the link of somebody else, whose name is not sent', async () => {
    asked.length = 0;
    assert.equal((await domain(unsubscribeWorks, { unsubscribe: [{ url: URL, trial: false }], mayTryUnsubscribe: true }, status(200))).level, 'pass');
    assert.deepEqual(asked.map(({ method, path, body }) => [method, path, body]), [['HEAD', '/', undefined]]);
  });

  it('is not tried twice a day', async () => {
    asked.length = 0;
    assert.equal((await domain(unsubscribeWorks, { ...TRIAL, mayTryUnsubscribe: false }, status(200))).level, 'unknown');
    assert.equal(asked.length, 0);
  });

  it('is unknown while the site does not answer, and broken without a valid certificate', async () => {
    const failure = (reason: 'timeout' | 'certificate') => withAnswer({ kind: 'failure', reason, detail: reason });
    assert.deepEqual(await levels([domain(unsubscribeWorks, TRIAL, failure('timeout')), domain(unsubscribeWorks, TRIAL, failure('certificate')), domain(unsubscribeWorks, { ...TRIAL, unsubscribe: [{ url: 'http://x.example/secret', trial: true }] }, status(200))]), ['unknown', 'fail', 'fail']);
  });
});
