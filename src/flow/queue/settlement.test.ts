import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryOutcome, QueueMessage, QueueRecipient } from '../../contract/queue.ts';
import { settleOutcome, type SettlementPolicy } from './settlement.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 20);
const POLICY: SettlementPolicy = { retryMinMs: 300_000, retryMaxMs: 4 * HOUR_MS };

const message: QueueMessage = {
  id: '1a', sender: 'alice@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
  senderBelieved: true, contentDigest: '', sizeBytes: 1, startedAt: NOW - HOUR_MS, queuedAt: NOW - HOUR_MS, expiresAt: NOW + 100 * HOUR_MS,
};
const recipient: QueueRecipient = { index: 0, address: 'bob@example.net', state: 'queued', attempts: 0, nextAttemptAt: NOW };

function outcome(line: string, over: Partial<DeliveryOutcome> = {}, mx = 'mx.example.net'): DeliveryOutcome {
  const [, code, enhanced, text] = /^(\d{3}) (?:([245]\.\d+\.\d+) )?(.*)$/.exec(line) as RegExpExecArray;
  const reply = { code: Number(code), ...(enhanced && { enhanced }), text: text as string };
  return {
    recipient: 0, status: Number(code) >= 500 ? 'failed' : 'deferred', scope: 'message', reply,
    attempt: { mx, address: '192.0.2.25', localAddress: '203.0.113.10' }, ...over,
  };
}

const settle = (line: string, options: { over?: Partial<DeliveryOutcome>; mx?: string; policy?: SettlementPolicy; attempts?: number; now?: number } = {}) =>
  settleOutcome({
    message, recipient: { ...recipient, attempts: options.attempts ?? 0 }, outcome: outcome(line, options.over, options.mx), policy: options.policy ?? POLICY,
    now: options.now ?? NOW, random: 0,
  });

const wait = (settled: ReturnType<typeof settle>): number => settled.settlement.nextAttemptAt - NOW;

describe('what an outcome becomes', () => {
  const table: readonly (readonly [line: string, mx: string, state: string])[] = [
    ['550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown in virtual mailbox table', 'mx.example.net', 'bounced'],
    ['552 5.2.2 Mailbox full', 'mx.example.net', 'bounced'],
    ['552 5.3.4 Message size exceeds fixed limit', 'mx.example.net', 'bounced'],
    ['554 5.7.1 Spam message rejected', 'mx.example.net', 'bounced'],
    ['550 5.7.26 Unauthenticated email from example.org is not accepted due to domain\'s DMARC policy.', 'gmail-smtp-in.l.google.com', 'bounced'],
    ['550 5.7.515 Access denied, sending domain example.org doesn\'t meet the required authentication level.', 'outlook-com.olc.protection.outlook.com', 'bounced'],
    ['550 nein', 'mx.example.net', 'bounced'],
    ['554 5.7.1 Service unavailable; Client host [203.0.113.10] blocked using zen.spamhaus.org', 'mx.example.net', 'queued'],
    ['550 5.7.1 Unfortunately, messages from [203.0.113.10] weren\'t sent. Please contact your Internet service provider since part of their network is on our block list (S3150).', 'outlook-com.olc.protection.outlook.com', 'queued'],
    ['553 5.7.2 [TSS09] All messages from 203.0.113.10 will be permanently deferred', 'mta5.am0.yahoodns.net', 'queued'],
    ['421 4.7.1 [TS03] All messages from 203.0.113.10 will be permanently deferred', 'mta5.am0.yahoodns.net', 'queued'],
    ['550 5.7.25 The IP address sending this message does not have a PTR record setup', 'gmail-smtp-in.l.google.com', 'queued'],
    ['554 IP=203.0.113.10 - None/bad reputation. Ask your postmaster for help (NOWL)', 'mx00.t-online.de', 'queued'],
    ['450 4.2.0 greylisted', 'mx.example.net', 'queued'],
  ];
  for (const [line, mx, state] of table) it(`${state}: ${line.slice(0, 60)}`, () => assert.equal(settle(line, { mx }).settlement.state, state));

  const BLOCK = '554 5.7.1 Service unavailable; Client host [203.0.113.10] blocked using zen.spamhaus.org';

  it('keeps what a block refused for an hour and longer each time, and says whom it concerns', () => {
    const first = settle(BLOCK);
    assert.ok(wait(first) >= HOUR_MS);
    assert.ok(wait(settle(BLOCK, { attempts: 2 })) >= 4 * HOUR_MS);
    assert.ok(wait(settle(BLOCK, { attempts: 20 })) <= 12 * HOUR_MS);
    assert.match(first.settlement.reason ?? '', /203\.0\.113\.10, not this recipient: 554 5\.7\.1 .*spamhaus/);
    assert.equal(first.settlement.culprit, 'source-ip');
    assert.equal(first.settlement.rule, 'any.spamhaus');
    assert.equal(first.final, undefined);
  });

  it('tries a message that a server takes and never answers ever more rarely, and says that it may arrive more than once', () => {
    const lost = '451 4.4.2 lost connection with mx.example.net[192.0.2.25]:25 while waiting for the answer to the message';
    const after = (attempts: number, rule?: string) => settleOutcome({
      message, recipient: { ...recipient, attempts, ...(rule && { rule }) }, outcome: outcome(lost, { scope: 'session', attempt: { mx: 'mx.example.net', address: '192.0.2.25', ownReply: true } }), policy: POLICY, now: NOW, random: 0,
    });
    assert.equal(wait(after(0)), 300_000);
    assert.deepEqual([1, 2, 3, 8].map((attempts) => wait(after(attempts, 'own.in-doubt')) / HOUR_MS), [1, 2, 4, 24]);
    assert.equal(wait(after(1, 'own.timeout')), 600_000);
    assert.match(after(1, 'own.in-doubt').explanation?.nextStep ?? '', /once more with each such attempt.*queue delete/);
  });

  it('says whom a temporary refusal concerns, wherever in the session it came', () => {
    const reason = (line: string, mx: string): string => settle(line, { mx }).settlement.reason ?? '';
    const from = /^\S+ \[\S+\] puts off mail from our address 203\.0\.113\.10: 4/;
    assert.match(reason('451 4.7.650 The mail server [203.0.113.10] has been temporarily rate limited due to IP reputation. (S775)', 'outlook-com.olc.protection.outlook.com'), from);
    assert.match(reason('450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.10]', 'mx.example.net'), /puts off our mail: 450 4\.7\.25/);
    assert.match(reason('421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your DKIM domain [example.org].', 'gmail-smtp-in.l.google.com'), /puts off mail of example\.org: 421/);
    assert.match(reason('451 4.7.1 Greylisted', 'mx.example.net'), /does not take this message now: 451 4\.7\.1 Greylisted/);
    assert.match(settle('421 4.3.2 Service not available', { over: { scope: 'session' } }).settlement.reason ?? '', /^mx\.example\.net \[192\.0\.2\.25\] puts it off and ends the session: 421/);
  });

  it('does not say of a destination what we decided without asking it', () => {
    const reason = (line: string, scope: DeliveryOutcome['scope']): string => settle(line, { over: { scope, attempt: {} } }).settlement.reason ?? '';
    assert.match(reason('550 5.1.1 bob@example.net is suppressed', 'recipient'), /^It was returned without a try: 550 5\.1\.1/);
    assert.match(reason('451 4.4.3 the mail servers of example.net cannot be looked up now', 'host'), /^Nobody could be asked: 451 4\.4\.3/);
  });

  it('does not say that a server refused what we did not send to it', () => {
    const own = (line: string, scope: 'recipient' | 'message'): string =>
      settle(line, { over: { scope, attempt: { mx: 'mx.example.net', address: '192.0.2.25', ownReply: true } } }).settlement.reason ?? '';
    assert.match(own('451 4.7.4 the server does not offer STARTTLS, and TLS is required', 'recipient'), /^It cannot go to mx\.example\.net \[192\.0\.2\.25\] now: 451 4\.7\.4 the server/);
    assert.match(own('554 5.6.7 the header of the message needs SMTPUTF8, which the receiving server does not offer', 'message'), /^It cannot go to mx\.example\.net \[192\.0\.2\.25\]: 554 5\.6\.7/);
  });

  it('gives a blocked message up when its time is over', () => {
    const late = settle(BLOCK, { now: message.expiresAt });
    assert.equal(late.settlement.state, 'expired');
    assert.equal(late.final?.state, 'expired');
  });

  it('holds or returns it when the settings say so', () => {
    assert.equal(settle(BLOCK, { policy: { ...POLICY, onBlock: 'hold' } }).settlement.state, 'held');
    assert.match(settle(BLOCK, { policy: { ...POLICY, onBlock: 'hold' } }).settlement.reason ?? '', /queue release 1a/);
    assert.equal(settle(BLOCK, { policy: { ...POLICY, onBlock: 'bounce' } }).settlement.state, 'bounced');
  });

  it('keeps the wait that a reply names, and never comes earlier', () => {
    assert.equal(wait(settle('451 4.7.1 Greylisted, please try again in 600 seconds')), 600_000);
    assert.equal(wait(settle('450 4.2.0 Greylisting in action, please come back in 00:05:00', { attempts: 6 })), 300_000);
    assert.equal(wait(settle('451 4.7.1 try later')), 300_000);
  });

  it('never takes our own words for a block', () => {
    const own = { attempt: { ownReply: true } as const };
    assert.equal(settle('550 5.1.2 the domain blacklist.example does not exist', { over: own }).settlement.state, 'bounced');
  });

  it('holds what the deliverer asks to hold', () => {
    const held = settle('550 5.7.26 would be refused', { over: { status: 'deferred', hold: 'preflight says so' } });
    assert.equal(held.settlement.state, 'held');
    assert.equal(held.settlement.reason, 'preflight says so');
  });
});
