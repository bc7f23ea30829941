import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import { AdjustableClock, SystemClock, type Clock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, RoutePlan } from '../../contract/queue.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import { attemptContext, explainReply } from '../../mail/reply-meaning/explain.ts';
import { createPreflightDeliverer, type PreflightOptions } from './preflight-deliverer.ts';

type Mode = Config['preflight']['mode'];

const google = { key: 'google', title: 'Gmail' };
const toGmail: RoutePlan = { kind: 'mx', key: 'mx:gmail.com', domain: 'gmail.com', site: google };

/** Nothing is published: no PTR, no SPF, no DMARC. */
const emptyDns: Dns = { query: async () => ({ kind: 'nxdomain', secure: false }) };
const deadDns: Dns = { query: async () => ({ kind: 'failure', reason: 'servfail', detail: '' }) };

function jobOf(route: RoutePlan, more = ''): DeliveryJob {
  return {
    message: {
      id: '0000000000000001', sender: 'a@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
      senderBelieved: true, contentDigest: '', sizeBytes: 0, startedAt: 0, queuedAt: 0, expiresAt: 1,
    },
    recipients: [{ index: 0, address: 'x@gmail.com', state: 'queued', attempts: 0, nextAttemptAt: 0 }],
    route,
    content: new BufferSource(Buffer.from(`From: a@example.org\r\nMessage-ID: <1@example.org>\r\n${more}\r\nhello\r\n`)),
    leasedAt: 0,
  };
}

async function deliver(mode: Mode, options: { route?: RoutePlan; header?: string; dns?: Dns; clock?: Clock; judgeContent?: PreflightOptions['judgeContent'] } = {}) {
  let asked = 0;
  const next: Deliverer = {
    async deliver(job): Promise<readonly DeliveryOutcome[]> {
      asked += 1;
      return job.recipients.map(({ index }) => ({ recipient: index, status: 'delivered', scope: 'recipient', reply: { code: 250, text: 'ok' }, attempt: { mx: 'mx' } }));
    },
  };
  const { judgeContent = () => assert.fail('nobody wants to know what it says') } = options;
  const config = { preflight: { mode, content: options.judgeContent !== undefined }, hostname: 'mail.example.org', outbound: { ips: [{ address: '192.0.2.1' }] } } as unknown as Pick<Config, 'preflight' | 'hostname' | 'outbound'>;
  const deliverer = createPreflightDeliverer(next, { config, dns: options.dns ?? emptyDns, clock: options.clock ?? new SystemClock(), log: silentLog, judgeContent });
  const [outcome] = await deliverer.deliver(jobOf(options.route ?? toGmail, options.header), new AbortController().signal);
  return { asked, outcome: outcome as DeliveryOutcome };
}

describe('preflight before delivery', () => {
  test('warn: the message goes, and what was found stands beside the attempt', async () => {
    const { asked, outcome } = await deliver('warn');
    assert.equal(asked, 1);
    assert.equal(outcome.status, 'delivered');
    assert.deepEqual([outcome.attempt.preflight?.predicted?.code, outcome.attempt.preflight?.predicted?.enhanced], [550, '5.7.25']);
    assert.ok(outcome.attempt.preflight?.findings.some(({ id }) => id === 'ptr-missing'));
  });

  test('hold: nothing is sent; the reason quotes the reply and says what to do', async () => {
    const { asked, outcome } = await deliver('hold');
    assert.equal(asked, 0);
    assert.equal(outcome.status, 'deferred');
    assert.match(outcome.hold ?? '', /Gmail would answer "550 5\.7\.25 .*PTR.*queue release/s);
  });

  test('hold: what is wrong in the message itself is not promised to go with a release, after which it would be held again', async () => {
    const { outcome } = await deliver('hold', { header: 'Subject: one\r\nSubject: two\r\n' });
    assert.match(outcome.hold ?? '', /multiple headers .*Subject stands 2 times\..*`posthorn queue bounce` returns it to its sender/s);
    assert.doesNotMatch(outcome.hold ?? '', /queue release/);
  });

  test('refuse: it is returned with the words that the receiver would have used', async () => {
    const { asked, outcome } = await deliver('refuse');
    assert.equal(asked, 0);
    assert.deepEqual([outcome.status, outcome.scope, outcome.reply.code, outcome.reply.enhanced], ['failed', 'message', 550, '5.7.25']);
    assert.equal(outcome.attempt.ownReply, true, 'nobody may take it for words of the receiver');
    const { rule, meaning } = explainReply(outcome.reply, attemptContext(outcome.attempt));
    assert.equal(rule, 'own.preflight');
    assert.match(meaning, /This server did not send the message/);
    assert.doesNotMatch(outcome.reply.text, /\."\./);
  });

  test('what it says is noted beside the attempt, and not looked at when nobody wants to know', async () => {
    const { outcome } = await deliver('warn', { judgeContent: async () => [{ id: 'content-spam', text: 'Much too loud.', fix: 'Whisper.' }] });
    assert.ok(outcome.attempt.preflight?.findings.some(({ id }) => id === 'content-spam'));
    assert.equal((await deliver('warn')).asked, 1);
  });

  test('a judge of contents that fails, or never answers, keeps no mail back', async () => {
    for (const mode of ['warn', 'refuse'] as const) {
      const dns = deadDns;
      assert.equal((await deliver(mode, { dns, judgeContent: () => Promise.reject(new Error('too much is being read')) })).asked, 1);
      const clock = new AdjustableClock();
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      const sent = deliver(mode, { dns, clock, judgeContent: () => new Promise(() => resolve()) });
      await asked;
      clock.advance(PREFLIGHT_LIMITS.contentMs);
      assert.equal((await sent).asked, 1);
    }
  });

  test('DNS that does not answer keeps nothing back', async () => {
    for (const mode of ['warn', 'hold', 'refuse'] as const) assert.equal((await deliver(mode, { dns: deadDns })).asked, 1, mode);
  });

  test('smarthosts, unknown sites and the switch', async () => {
    const relay: RoutePlan = { kind: 'smarthost', key: 'relay', host: 'smtp.example.net', port: 587, tls: 'verify' };
    const unknown: RoutePlan = { ...toGmail, site: { key: 'domain:gmail.com', title: 'gmail.com' } } as RoutePlan;
    for (const route of [relay, unknown]) {
      const { asked, outcome } = await deliver('refuse', { route });
      assert.deepEqual([asked, outcome.attempt.preflight], [1, undefined]);
    }
    assert.equal((await deliver('off')).outcome.attempt.preflight, undefined);
  });
});
