import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LOG_EVENTS, type LogEventFields, type LogEventName } from './log-events.ts';
import { formatMaillog } from './maillog.ts';

const AT = Date.UTC(2026, 10, 20, 18, 0, 0);
const OPTIONS = { hostname: 'mail', pid: 4711, offsetMinutes: () => 0 };

function lines<Name extends LogEventName>(event: Name, fields: LogEventFields[Name], at = AT): string[] {
  return formatMaillog({ at, level: 'info', event, fields: fields as unknown as Record<string, unknown> }, OPTIONS);
}

const CLIENT = { clientAddress: '192.0.2.7', clientName: 'mx.example.net' };
const OUTCOME: LogEventFields['delivery.outcome'] = {
  id: '0mq1', to: 'bob@example.net', relay: 'mx.example.net', relayAddress: '192.0.2.9', port: 25,
  delays: { a: 100, b: 20, c: 300, d: 1200 }, dsn: '2.0.0', status: 'sent', reply: '250 2.0.0 ok', transport: 'smtp',
};

function session(): string[] {
  const id = '0mq1';
  return [
    ...lines('smtp.connected', CLIENT),
    ...lines('smtp.client', { ...CLIENT, id, saslMethod: 'PLAIN', saslUsername: 'alice@example.org' }),
    ...lines('message.accepted', { id, messageId: '<1@example.org>' }),
    ...lines('queue.active', { id, from: 'alice@example.org', sizeBytes: 2048, recipients: 3 }),
    ...lines('delivery.outcome', OUTCOME),
    ...lines('delivery.outcome', { ...OUTCOME, to: 'carol@example.net', dsn: '4.2.1', status: 'deferred', reply: '450 4.2.1 busy' }),
    ...lines('delivery.outcome', { ...OUTCOME, to: 'dave@example.net', dsn: '5.1.1', status: 'bounced', reply: '550 5.1.1 no such user' }),
    ...lines('dsn.sent', { id, dsnId: '0mq2', kind: 'failure' }),
    ...lines('queue.removed', { id }),
    ...lines('smtp.disconnected', { ...CLIENT, commands: { ehlo: [1, 1], rcpt: [1, 2], quit: [1, 1] } }),
  ];
}

describe('maillog', () => {
  it('writes a delivery as Postfix does', () => {
    assert.deepEqual(lines('delivery.outcome', OUTCOME), [
      'Nov 20 18:00:00 mail postfix/smtp[4711]: 0mq1: to=<bob@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=1.6, delays=0.1/0.02/0.3/1.2, dsn=2.0.0, status=sent (250 2.0.0 ok)',
    ]);
  });

  it('pads the day of the month', () => {
    assert.match(lines('queue.removed', { id: 'x' }, Date.UTC(2026, 0, 5))[0] ?? '', /^Jan {2}5 00:00:00 mail postfix\/qmgr\[4711\]: x: removed$/);
  });

  it('names original recipient, expiry, local and missing relays', () => {
    assert.match(lines('delivery.outcome', { ...OUTCOME, originalTo: 'list@example.org' })[0] ?? '', /to=<bob@example\.net>, orig_to=<list@example\.org>, relay=/);
    assert.match(lines('delivery.outcome', { ...OUTCOME, status: 'expired' })[0] ?? '', /status=bounced \(has exceeded its time in the queue: /);
    const { relay: _relay, ...none } = OUTCOME;
    assert.match(lines('delivery.outcome', none)[0] ?? '', /relay=none,/);
    assert.match(lines('delivery.outcome', { ...none, transport: 'local' })[0] ?? '', /postfix\/local\[4711\].*relay=local,/);
  });

  it('counts commands on disconnect', () => {
    assert.equal(session().at(-1), 'Nov 20 18:00:00 mail postfix/smtpd[4711]: disconnect from mx.example.net[192.0.2.7] ehlo=1 rcpt=1/2 quit=1 commands=3/4');
  });

  it('lets nobody write a line of their own', () => {
    const evil = 'x\r\nNov 20 18:00:00 mail postfix/smtpd[1]: connect from evil[192.0.2.66]\u2028';
    for (const line of [
      ...lines('smtp.rejected', { ...CLIENT, stage: 'RCPT', code: 550, enhanced: '5.1.1', text: evil, from: evil, to: evil, helo: evil, proto: evil }),
      ...lines('delivery.outcome', { ...OUTCOME, to: evil, relay: evil, reply: evil, dsn: evil }),
      ...lines('smtp.login-failed', { ...CLIENT, mechanism: evil, reason: evil, username: evil }),
      ...lines('message.accepted', { id: 'a', messageId: evil }),
    ]) assert.doesNotMatch(line, /[\r\n\u2028]/);
  });

  it('has no line for other events', () => {
    assert.deepEqual(formatMaillog({ at: AT, level: 'info', event: 'dns.answered', fields: {} }, OPTIONS), []);
  });

  it('has a line for every event of the table', () => {
    assert.equal(new Set(Object.values(LOG_EVENTS)).size, Object.keys(LOG_EVENTS).length);
  });
});

const PFLOGSUMM = '/usr/sbin/pflogsumm';
describe('maillog read by pflogsumm', { skip: existsSync(PFLOGSUMM) ? false : 'pflogsumm is not installed' }, () => {
  it('counts what was received, delivered, deferred, bounced and rejected', () => {
    const rejected = lines('smtp.rejected', { ...CLIENT, stage: 'RCPT', code: 550, enhanced: '5.1.1', text: 'no such user here', from: 'a@b.example', to: 'x@example.org', helo: 'h', proto: 'ESMTP' });
    const run = spawnSync(PFLOGSUMM, [], { input: `${[...session(), ...rejected].join('\n')}\n`, encoding: 'utf8', timeout: 20_000 });
    assert.equal(run.status, 0, run.stderr);
    const count = (what: string): number => Number(new RegExp(`^\\s*(\\d+)\\s+${what}`, 'm').exec(run.stdout)?.[1] ?? -1);
    assert.deepEqual(
      { received: count('received'), delivered: count('delivered'), deferred: count('deferred'), bounced: count('bounced'), rejected: count('rejected') },
      { received: 1, delivered: 1, deferred: 1, bounced: 1, rejected: 1 },
    );
    assert.match(run.stdout, /alice@example\.org/);
    assert.match(run.stdout, /5\.1\.1 no such user/);
  });
});

const FAIL2BAN = '/usr/bin/fail2ban-regex';
const FILTERS = '/etc/fail2ban/filter.d';
const matched = (text: readonly string[], filter = 'postfix'): number => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-maillog-'));
  try {
    const file = join(folder, 'mail.log');
    writeFileSync(file, `${text.join('\n')}\n`);
    const run = spawnSync(FAIL2BAN, [file, `${FILTERS}/${filter}.conf[mode=aggressive]`], { encoding: 'utf8', timeout: 60_000 });
    return Number(/, (\d+) matched/.exec(run.stdout)?.[1] ?? -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
describe('maillog read by fail2ban', { skip: existsSync(FAIL2BAN) && existsSync(`${FILTERS}/postfix.conf`) ? false : 'fail2ban is not installed' }, () => {
  const attacks = [
    ...lines('smtp.login-failed', { ...CLIENT, mechanism: 'LOGIN', reason: 'wrong password' }),
    ...lines('smtp.login-failed', { ...CLIENT, service: 'submission', mechanism: 'PLAIN', reason: 'unknown account', username: 'root' }),
    ...lines('smtp.rejected', { ...CLIENT, stage: 'RCPT', code: 550, enhanced: '5.1.1', text: 'nobody has this address', from: 'a@b.example', to: 'x@example.org', helo: 'h', proto: 'ESMTP' }),
    ...lines('smtp.rejected', { ...CLIENT, stage: 'RCPT', code: 550, enhanced: '5.7.1', text: 'this server relays only for its users', from: 'a@b.example', to: 'x@example.com', helo: 'h', proto: 'ESMTP' }),
    ...lines('smtp.too-many-errors', { ...CLIENT, after: 'RCPT' }),
    ...lines('smtp.improper-pipelining', { ...CLIENT, after: 'CONNECT' }),
    ...lines('smtp.lost-connection', { ...CLIENT, after: 'AUTH' }),
  ];
  it('matches every attack', () => assert.equal(matched(attacks), attacks.length));
  it('matches nothing in a clean session', () => assert.equal(matched(session()), 0));
  it('bans nobody for a trouble of our own', () => assert.equal(matched(lines('smtp.login-failed', { ...CLIENT, mechanism: 'PLAIN', reason: 'store-failed' })), 0));
  it('matches failed log-ins over IMAP and POP3, and nothing else of them', () => {
    const fields = { service: 'imap', clientAddress: '192.0.2.7', mechanism: 'PLAIN', tls: true };
    const guesses = [
      ...lines('access.login-failed', { ...fields, reason: 'wrong-password', username: 'eve' }),
      ...lines('access.login-failed', { ...fields, service: 'pop3', mechanism: 'USER', tls: false, reason: 'unknown-account' }),
      ...lines('access.login-failed', { ...fields, service: 'sieve', reason: 'throttled', username: 'eve' }),
    ];
    const others = [...lines('access.login', { ...fields, account: 'alice@example.org' }), ...lines('access.login-failed', { ...fields, reason: 'store-failed' })];
    assert.deepEqual([matched(guesses, 'dovecot'), matched(others, 'dovecot')], [guesses.length, 0]);
  });
});

it('log-ins over IMAP and POP3 are written as Dovecot writes them', () => {
  const fields = { service: 'imap', clientAddress: '192.0.2.7', mechanism: 'PLAIN', tls: true };
  assert.deepEqual(lines('access.login', { ...fields, account: 'alice@example.org' }), [
    'Nov 20 18:00:00 mail dovecot: imap-login: Login: user=<alice@example.org>, method=PLAIN, rip=192.0.2.7, TLS',
  ]);
  const failed = { ...fields, service: 'sieve', tls: false, reason: 'wrong-password', username: 'eve\r\n>x' };
  const [line = ''] = lines('access.login-failed', failed);
  assert.match(line, /^Nov 20 18:00:00 mail dovecot: managesieve-login: Aborted login \(auth failed, 1 attempts\): user=<[^\r\n>]*>, method=PLAIN, rip=192\.0\.2\.7$/);
});
