import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMaillog } from '../maillog.ts';
import { LOG_EVENTS } from '../log-events.ts';
import { groupFailures } from './failure-groups.ts';
import { looksLikeLog, parseLogLine } from './log-line.ts';
import { MaillogReader, type MaillogStory } from './maillog-reader.ts';

const NOW = Date.UTC(2026, 10, 21);

function read(...lines: readonly string[]): MaillogStory {
  const reader = new MaillogReader(NOW);
  for (const line of lines) reader.read(line);
  return reader.end();
}

const at = (time: string, service: string, text: string): string => `Nov 20 ${time} host postfix/${service}[12]: ${text}`;
const QUEUED = at('18:00:02', 'qmgr', '4F1A2B3C4D: from=<bob@example.org>, size=1200, nrcpt=2 (queue active)');
const attempt = (time: string, recipient: string, status: string, why: string, delays = '0.1/0/0.4/0.4', delay = '0.9', relay = 'mx.d.example[192.0.2.9]:25'): string =>
  at(time, 'smtp', `4F1A2B3C4D: to=<${recipient}>, relay=${relay}, delay=${delay}, delays=${delays}, dsn=4.0.0, status=${status} (${why})`);

describe('reading a mail log', () => {
  it('knows the lines of syslog, of RFC 3339 dates, of further instances and long queue ids', () => {
    for (const [line, service, queueId] of [
      ['Nov  2 08:00:00 host postfix/smtp[1]: 4F1A2B3C4D: to=<a@b>, relay=x', 'smtp', '4F1A2B3C4D'],
      ['2026-11-20T18:00:00.123456+01:00 host postfix/submission/smtpd[1]: connect from x[1.2.3.4]', 'submission/smtpd', undefined],
      ['2026-11-20T18:00:00Z host postfix-out/qmgr[1]: 4fXyZw2Qk1zBcD: removed', 'qmgr', '4fXyZw2Qk1zBcD'],
      ['Nov 20 18:00:00 host postfix/smtpd[1]: warning: something', 'smtpd', undefined],
    ] as const) {
      const parsed = parseLogLine(line, NOW);
      assert.equal(parsed?.service, service, line);
      assert.equal(parsed?.queueId, queueId, line);
    }
    for (const line of ['Nov 20 18:00:00 host sshd[1]: hello: world', 'Nov 20 18:00:00 host sshd[1]: Invalid user postfix/smtp[1]: x', 'Nov 20 18:00:00 host app/worker[1]: 4F1A2B3C4D: removed', '<22>1 2026-11-20T18:00:00Z host sshd 12 - - postfix/smtp 1 - - x']) {
      assert.equal(parseLogLine(line, NOW), undefined, line);
    }
    assert.equal(parseLogLine('Dec 31 23:00:00 host postfix/smtp[1]: x', NOW)?.at, Date.UTC(2025, 11, 31, 23));
  });

  it('knows the lines as journald, RFC 5424, other systems and containers write them', () => {
    const forms = [
      'Nov 20 18:00:00.123456 host postfix/smtp[12]: ',
      'Fri 2026-11-20 18:00:00 CET host postfix/smtp[12]: ',
      '1795197600.123456 host postfix/smtp[12]: ',
      '2026-11-20 18:00:00 host postfix/smtp[12]: ',
      '2026 Nov 20 18:00:00 host postfix/smtp[12]: ',
      '<22>Nov 20 18:00:00 host postfix/smtp[12]: ',
      '<22>1 2026-11-20T18:00:00.123Z host postfix/smtp 12 - - ',
      '<22>1 2026-11-20T18:00:00.123Z host postfix/smtp 12 - [meta x="1"] \uFEFF',
      'Nov 20 18:00:00 host mail.info postfix/smtp[12]: ',
      'Nov 20 18:00:00 <mail.info> host postfix/smtp[12]: ',
      'Nov 20 18:00:00 host postfix/smtp[12]: [ID 197553 mail.info] ',
      'Nov 20 18:00:00 postfix/smtp[12]: ',
      'Nov 20 18:00:00 host mta1/smtp[12]: ',
      'Nov 20 18:00:00 host posthorn[7]: Nov 20 18:00:00 mail postfix/smtp[7]: ',
      'postfix-1  | Nov 20 18:00:00 host postfix/smtp[12]: ',
      '2026-11-20T18:00:00.123456789Z Nov 20 18:00:00 host postfix/smtp[12]: ',
      '\uFEFFNov 20 18:00:00 host postfix/smtp[12]: ',
    ];
    for (const form of forms) {
      const parsed = parseLogLine(`${form}4F1A2B3C4D: removed`, NOW);
      assert.deepEqual([parsed?.service, parsed?.queueId, parsed?.text], ['smtp', '4F1A2B3C4D', 'removed'], form);
      assert.ok(looksLikeLog(form), form);
    }
  });

  it('tells the reply of the other server apart from the words around it', () => {
    const [failure] = read(QUEUED, attempt('18:00:03', 'a@d.example', 'bounced', 'host mx.d.example[192.0.2.9] said: 550-5.1.1 No such 550-5.1.1 mailbox 550 5.1.1 here (in reply to RCPT TO command)')).failures;
    assert.deepEqual(failure?.reply, { code: 550, enhanced: '5.1.1', text: 'No such mailbox here' });
    assert.equal(failure?.host, 'mx.d.example');
    assert.equal(failure?.stage, 'RCPT TO');
    assert.equal(failure?.culprit, 'recipient');
    assert.equal(failure?.sender, 'bob@example.org');
    assert.equal(failure?.state, 'bounced');
  });

  it('follows a recipient from the first deferral to the end, and says where the time went', () => {
    const story = read(
      QUEUED,
      attempt('18:00:33', 'c@d.example', 'deferred', 'connect to mx.d.example[192.0.2.9]:25: Connection timed out', '0.1/0/30/0', '30', 'none'),
      attempt('18:20:33', 'c@d.example', 'sent', '250 ok', '1200/0.02/30/1', '1233'),
      at('18:20:33', 'qmgr', '4F1A2B3C4D: removed'),
    );
    assert.deepEqual(story.recipients, { sent: 1, bounced: 0, expired: 0, waiting: 0 });
    const [failure] = story.failures;
    assert.equal(failure?.state, 'sent');
    assert.equal(failure?.attempts, 2);
    assert.equal(failure?.rule, 'postfix.connect-timeout');
    assert.match(failure?.timeWent ?? '', /20 min went by waiting in the deferred queue/);
  });

  it('tells who was given up and who still waits', () => {
    const deferred = attempt('18:00:33', 'c@d.example', 'deferred', 'Host or domain name not found. Name service error for name=d.example type=MX: Host not found, try again', '0/0/0/0', '1', 'none');
    const waits = read(QUEUED, deferred);
    assert.equal(waits.failures[0]?.state, 'deferred');
    assert.equal(waits.failures[0]?.rule, 'postfix.dns');
    const given = read(QUEUED, deferred, at('23:00:00', 'qmgr', '4F1A2B3C4D: from=<bob@example.org>, status=expired, returned to sender'));
    assert.equal(given.failures[0]?.state, 'expired');
    assert.equal(given.recipients.expired, 1);
  });

  for (const [why, rule] of [
    ['Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found', 'postfix.no-domain'],
    ['unknown user: "nobody"', 'postfix.unknown-user'],
    ['User unknown in virtual mailbox table', 'postfix.unknown-user'],
    ['lost connection with mx.d.example[192.0.2.9] while sending end of data -- message may be sent more than once', 'postfix.lost-at-end'],
    ['no TLSA records found', 'postfix.dane'],
    ['mail system configuration error', 'postfix.system'],
    ['alias database unavailable', 'postfix.tables'],
    ['mail for d.example loops back to myself', 'postfix.loop'],
    ['lost connection with mx.d.example[192.0.2.9] while receiving the initial server greeting', 'postfix.lost'],
    ['conversation with mx.d.example[192.0.2.9] timed out while sending message body', 'postfix.timeout'],
    ['connect to mx.d.example[192.0.2.9]:25: Connection refused', 'postfix.refused'],
    ['connect to mx.d.example[2001:db8::9]:25: Network is unreachable', 'postfix.unreachable'],
    ['TLS is required, but was not offered by host mx.d.example[192.0.2.9]', 'postfix.tls-not-offered'],
    ['Server certificate not verified', 'postfix.certificate'],
    ['Cannot start TLS: handshake failure', 'postfix.tls'],
    ['connect to host.example[private/dovecot-lmtp]: No such file or directory', 'postfix.lmtp'],
    ['mail transport unavailable', 'postfix.lmtp'],
    ['maildir delivery failed: create maildir file /var/mail/x/tmp/1: Permission denied', 'postfix.mailbox-write'],
    ['message size 11000000 exceeds size limit 10485760 of server mx.d.example[192.0.2.9]', 'postfix.size'],
    ['Domain d.example does not accept mail (nullMX)', 'postfix.null-mx'],
    ['Command died with status 1: "/usr/local/bin/filter"', 'postfix.command'],
    ['alias database unavailable: temporary lookup failure', 'postfix.tables'],
  ] as const) {
    it(`knows: ${why}`, () => assert.equal(read(QUEUED, attempt('18:00:03', 'a@d.example', 'deferred', why)).failures[0]?.rule, rule));
  }

  it('counts what this server refused and its own trouble, with examples', () => {
    const refused = at('18:00:00', 'smtpd', 'NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <x@y.example>: Relay access denied; from=<a@b.example> to=<x@y.example> proto=ESMTP helo=<foo>');
    const story = read(refused, refused, at('18:00:01', 'smtpd', 'warning: unknown[192.0.2.8]: SASL LOGIN authentication failed: x'), at('18:00:01', 'master', 'fatal: open /etc/postfix/main.cf: No such file or directory'));
    assert.deepEqual(story.refusals.map(({ rule, count }) => [rule, count]), [['refused.relay', 2]]);
    assert.deepEqual(story.troubles.map(({ rule }) => rule).toSorted(), ['trouble.other', 'trouble.password']);
  });

  it('puts failures together that have one cause at one place', () => {
    const full = 'host mx1.d.example[192.0.2.9] said: 452 4.2.2 mailbox full (in reply to RCPT TO command)';
    const story = read(QUEUED, attempt('18:00:03', 'a@d.example', 'deferred', full), attempt('18:00:04', 'b@d.example', 'deferred', full.replace('mx1', 'mx2')), attempt('18:00:05', 'c@d.example', 'bounced', 'host mx1.d.example[192.0.2.9] said: 550 5.1.1 no such user (in reply to RCPT TO command)'));
    const groups = groupFailures(story.failures, 5);
    assert.deepEqual(groups.map(({ place, count }) => [place, count]), [['d.example', 2], ['d.example', 1]]);
    const sites = ['mx1.a.co.uk', 'mx2.mail.a.co.uk', 'mx.b.co.uk'].map((host, at) => attempt(`18:00:0${at}`, `u@s${at}.example`, 'deferred', full.replace('mx1.d.example', host)));
    assert.deepEqual(groupFailures(read(QUEUED, ...sites).failures, 5).map(({ place, count }) => [place, count]), [['a.co.uk', 2], ['b.co.uk', 1]]);
  });

  it('reads what postscreen, header and body checks and milters of Postfix 3.7 refuse, hold and throw away', () => {
    const details = 'from=<a@b.example> to=<x@peer.example> proto=ESMTP helo=<c.example>';
    const cases: readonly (readonly [service: string, text: string, rule: string, example: string])[] = [
      ['postscreen', 'NOQUEUE: reject: RCPT from [127.64.0.2]:43269: 550 5.5.1 Protocol error; from=<a@b.example>, to=<x@peer.example>, proto=ESMTP, helo=<early>', 'refused.protocol', '[127.64.0.2]: 550 5.5.1 Protocol error'],
      ['postscreen', 'NOQUEUE: reject: RCPT from [127.64.0.3]:1: 550 5.7.1 Service unavailable; client [127.64.0.3] blocked using zen.spamhaus.org; from=<a@b.example>, to=<x@peer.example>, proto=ESMTP, helo=<x>', 'refused.listed', '[127.64.0.3]: 550 5.7.1 Service unavailable; client [127.64.0.3] blocked using zen.spamhaus.org'],
      ['postscreen', 'NOQUEUE: reject: RCPT from [127.64.0.3]:1: 450 4.3.2 Service currently unavailable; from=<a@b.example>, to=<x@peer.example>, proto=ESMTP, helo=<x>', 'refused.greylist', '[127.64.0.3]: 450 4.3.2 Service currently unavailable'],
      ['postscreen', 'NOQUEUE: reject: CONNECT from [127.64.0.3]:1: too many connections', 'refused.rate', '[127.64.0.3]: too many connections'],
      ['smtpd', 'NOQUEUE: milter-reject: CONNECT from unknown[127.64.0.6]: 451 4.7.1 Service unavailable - try again later; proto=SMTP', 'refused.milter', 'unknown[127.64.0.6]: 451 4.7.1 Service unavailable - try again later'],
      ['smtpd', `NOQUEUE: milter-reject: MAIL from unknown[127.64.0.6]: 550 5.5.0 Service unavailable; from=<a@b.example> proto=ESMTP helo=<c.example>`, 'refused.milter', 'unknown[127.64.0.6]: 550 5.5.0 Service unavailable'],
      ['smtpd', `NOQUEUE: milter-reject: RCPT from unknown[127.64.0.6]: 550 5.7.1 milter refuses this recipient; ${details}`, 'refused.content', 'unknown[127.64.0.6]: 550 5.7.1 milter refuses this recipient'],
      ['cleanup', `288CF524040: milter-reject: END-OF-MESSAGE from unknown[127.64.0.6]: 5.7.1 Spam message rejected; ${details}`, 'refused.content', 'unknown[127.64.0.6]: 5.7.1 Spam message rejected'],
      ['cleanup', `4B1EC524042: milter-discard: END-OF-MESSAGE from unknown[127.64.0.6]: milter triggers DISCARD action; ${details}`, 'refused.discarded', 'unknown[127.64.0.6]: milter triggers DISCARD action'],
      ['cleanup', `4B180524040: milter-hold: END-OF-MESSAGE from unknown[127.64.0.6]: milter triggers HOLD action; ${details}`, 'refused.held', 'unknown[127.64.0.6]: milter triggers HOLD action'],
      ['cleanup', `2073C524040: reject: header Subject: bad from unknown[127.64.0.6]; ${details}: 5.7.1 no bad subjects`, 'refused.content', 'unknown[127.64.0.6]: 5.7.1 no bad subjects'],
      ['cleanup', `0F0EB524040: discard: body viagra from unknown[127.64.0.6]; ${details}: gone`, 'refused.discarded', 'unknown[127.64.0.6]: gone'],
      ['cleanup', `0F1D8524041: hold: header X-Hold: 1 from unknown[127.64.0.6]; ${details}`, 'refused.held', 'unknown[127.64.0.6]: header X-Hold: 1'],
    ];
    for (const [service, text, rule, example] of cases) assert.deepEqual(read(at('18:00:00', service, text)).refusals.map((group) => [group.rule, group.examples[0]]), [[rule, example]], text);
  });

  it('reads the lines that this server itself writes in that form', () => {
    const fields = { id: '4fXyZw2Qk1zBcD', transport: 'smtp', to: 'a@d.example', relay: 'mx.d.example', relayAddress: '192.0.2.9', delays: { a: 100, b: 10, c: 400, d: 200 }, dsn: '5.1.1', status: 'bounced', reply: 'host mx.d.example[192.0.2.9] said: 550 5.1.1 no such user (in reply to RCPT TO)' };
    const lines = formatMaillog({ at: NOW, level: 'info', event: LOG_EVENTS.deliveryOutcome, fields }, { hostname: 'host', pid: 1, offsetMinutes: () => 0 });
    const { failures } = read(...lines);
    assert.equal(failures[0]?.reply?.enhanced, '5.1.1');
    assert.equal(failures[0]?.queueId, '4fXyZw2Qk1zBcD');
  });

  const ours = (event: string, fields: object, level = 'info'): string => JSON.stringify({ level, pid: 7, time: '2026-11-20T18:00:03.123Z', event, ...fields });
  const outcome = { id: '0mwq3x344000mud9', transport: 'smtp', to: 'a@gmail.com', relay: 'gmail-smtp-in.l.google.com', relayAddress: '192.0.2.9', port: 25, delays: { a: 100, b: 10, c: 400, d: 200 }, dsn: '5.1.1', status: 'bounced', reply: '550 5.1.1 The email account that you tried to reach does not exist' };

  it('reads the log of this server as JSON: who refused, whose fault it is, when', () => {
    const [failure] = read(ours('queue.active', { id: outcome.id, from: 'bob@example.org', sizeBytes: 1200, recipients: 1 }), ours('delivery.outcome', outcome)).failures;
    assert.deepEqual([failure?.provider, failure?.culprit, failure?.sender, failure?.first], ['Gmail', 'recipient', 'bob@example.org', '2026-11-20T18:00:03.123Z']);
    assert.deepEqual(failure?.reply, { code: 550, enhanced: '5.1.1', text: 'The email account that you tried to reach does not exist' });
    for (const before of ['Nov 20 18:00:03 host posthorn[7]: ', 'mail-1  | ']) assert.equal(read(before + ours('delivery.outcome', outcome)).failures.length, 1, before);
    const { relay: _, relayAddress: __, ...nobodyAsked } = outcome;
    const [own] = read(ours('delivery.outcome', { ...nobodyAsked, dsn: '4.4.3', status: 'deferred', reply: '451 4.4.3 the name servers do not answer for gmail.com' })).failures;
    assert.equal(own?.provider, undefined);
    assert.equal(own?.host, undefined);
  });

  it('tells of this server, too, who was given up', () => {
    const story = read(ours('delivery.outcome', { ...outcome, dsn: '4.4.7', status: 'expired', reply: '421 4.7.0 try again later' }));
    assert.equal(story.recipients.expired, 1);
    assert.deepEqual(story.failures.map(({ state, host }) => [state, host]), [['expired', 'gmail-smtp-in.l.google.com']]);
  });

  it('finds refusals and trouble in the log of this server, and is not led astray by JSON of others', () => {
    const story = read(
      ours('smtp.rejected', { clientAddress: '192.0.2.1', stage: 'RCPT', code: 550, enhanced: '5.7.1', text: 'Relaying denied', from: 'a@b.example', to: 'c@d.example' }),
      ours('server.reload-failed', { error: 'line 3' }, 'error'),
      ours('sending.blocked', { id: outcome.id, source: '192.0.2.7', mx: 'mx.d.example', reply: '550 5.7.1 no' }, 'warn'),
      ours('server.ready', {}),
      '{"level":"info","msg":"of another program"}', '{"level":"', ours('delivery.outcome', { delays: null }), ours('delivery.outcome', { to: 7 }), `${ours('server.ready', {}).slice(0, -1)},"time":7}`,
    );
    assert.deepEqual(story.refusals.map(({ rule }) => rule), ['refused.relay']);
    assert.deepEqual(story.troubles.map(({ rule }) => rule), ['trouble.posthorn', 'trouble.blocked']);
    assert.deepEqual([story.lines, story.understood], [9, 4]);
  });

  it('gives up who was expired by hand', () => {
    const story = read(QUEUED, attempt('18:00:33', 'c@d.example', 'deferred', 'connect to mx.d.example[192.0.2.9]:25: Connection timed out'), at('18:01:00', 'qmgr', '4F1A2B3C4D: from=<bob@example.org>, status=force-expired, returned to sender'));
    assert.equal(story.recipients.expired, 1);
  });

  for (const [text, rule] of [
    ['warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Connection lost to authentication server', 'trouble.log-in'],
    ['warning: SASL: Connect to private/auth failed: No such file or directory', 'trouble.log-in'],
    ['warning: Connection concurrency limit exceeded: 51 from unknown[192.0.2.1] for service smtp', 'trouble.rate'],
    ['fatal: bind 0.0.0.0 port 25: Address already in use', 'trouble.port'],
    ['warning: process /usr/lib/postfix/sbin/smtpd pid 123 exit status 1', 'trouble.process'],
    ['warning: connect to transport private/smtp-amavis: Connection refused', 'trouble.milter'],
    ['warning: No server certs available. TLS won\'t be enabled', 'trouble.certificate'],
    ['warning: 4F1A2B3C4D: virtual_alias_maps map lookup problem for c@d -- message not accepted, try again later', 'trouble.table'],
  ] as const) {
    it(`knows the trouble in: ${text}`, () => assert.equal(read(at('18:00:00', 'smtpd', text)).troubles[0]?.rule, rule));
  }

  it('knows refusals because of SPF and DMARC, by policy service and by milter', () => {
    for (const text of [
      'NOQUEUE: reject: RCPT from m.example[192.0.2.1]: 550 5.7.23 <c@d.example>: Recipient address rejected: Message rejected due to: SPF fail - not authorized; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>',
      '4F1A2B3C4D: milter-reject: END-OF-MESSAGE from m[192.0.2.1]: 5.7.1 rejected by DMARC policy for b.example; from=<a@b.example> to=<c@d> proto=ESMTP helo=<x>',
    ]) assert.equal(read(at('18:00:00', 'smtpd', text)).refusals[0]?.rule, 'refused.authentication', text);
  });

  it('takes anything without complaint', () => {
    const odd = ['', 'x'.repeat(100_000), 'Nov 20 18:00:00 host postfix/smtp[1]: 4F1A2B3C4D: to=<>, relay=, delay=x, delays=1/2, dsn=, status=', attempt('18:00:03', 'a', 'bounced', `host ${'['.repeat(3000)} said: 5`), at('18:00:00', 'smtpd', `NOQUEUE: reject: RCPT from ${'['.repeat(5000)}`)];
    assert.equal(read(...odd).lines, odd.length);
  });

  it('names a server without a name by its whole address, and a domain that does not exist as such', () => {
    const line = (relay: string, dsn: string, why: string): string => at('18:00:05', 'smtp', `4F1A2B3C4D: to=<x@d.example>, relay=${relay}, delay=0.9, delays=0/0/0.4/0.4, dsn=${dsn}, status=bounced (${why})`);
    const place = (...lines: readonly string[]) => groupFailures(read(QUEUED, ...lines).failures, 1).map(({ place: where, rule }) => [where, rule]);
    assert.deepEqual(place(line('127.54.0.16[127.54.0.16]:25', '5.1.1', 'host 127.54.0.16[127.54.0.16] said: 550 5.1.1 No such user (in reply to RCPT TO command)')).map(([where]) => where), ['127.54.0.16']);
    assert.deepEqual(place(line('none', '5.4.4', 'unable to look up host d.example: Name or service not known')), [['d.example', 'postfix.no-domain']]);
  });
});
