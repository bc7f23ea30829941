import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf, TAKEN, type Answer } from '../../../test/harness/shape-kit.ts';
import { readResults } from './reading.ts';

const read = (...answers: Answer[]) => readResults(answers.map((answer) => resultOf(answer)));

test('a delivery is one voice, however many recipients it has', () => {
  const busy: Answer = { code: 451, enhanced: '4.3.2', text: 'try again later', scope: 'recipient' };
  const { delivered, deferred, good, bad } = read(TAKEN, busy, busy, busy);
  assert.deepEqual({ delivered, deferred, good, bad }, { delivered: 1, deferred: 3, good: 0.25, bad: 0.75 });
});

test('what a site refuses for our sake is put off, as the message is kept', () => {
  const refused: Answer = { code: 550, enhanced: '5.7.1', text: 'part of their network is on our block list (S3150)', mx: 'outlook-com.olc.protection.outlook.com' };
  assert.equal(read(refused, TAKEN).deferred, 1);
  const nobody = resultOf({ code: 451, enhanced: '4.4.3', text: 'no name server answers', scope: 'host' });
  const { address: _nobody, ...attempt } = nobody.outcome.attempt;
  assert.equal(readResults([{ ...nobody, outcome: { ...nobody.outcome, attempt } }]).deferred, 0, 'nobody was asked');
});

test('who is to blame decides what is told', () => {
  const table: [answer: Answer, complaint: string, bad: number][] = [
    [{ code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your IP address', mx: 'gmail-smtp-in.l.google.com' }, 'source rate', 0],
    [{ code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your DKIM domain [a.test]', mx: 'gmail-smtp-in.l.google.com' }, 'domain rate', 0],
    [{ code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your SPF domain [a.test]', mx: 'gmail-smtp-in.l.google.com' }, 'domain rate', 0],
    [{ code: 550, enhanced: '5.7.1', text: 'part of their network is on our block list (S3150)', mx: 'outlook-com.olc.protection.outlook.com' }, 'source block', 0],
    [{ code: 554, text: 'IP address is block listed', mx: 'mx00.gmx.net', greeting: true }, 'source block', 0],
    [{ code: 550, enhanced: '5.1.1', text: 'User unknown', scope: 'recipient' }, '', 0],
    [{ code: 554, enhanced: '5.6.0', text: 'malformed header field' }, '', 0],
    [{ code: 451, enhanced: '4.3.0', text: 'local problem while connecting', local: true }, '', 0],
    [{ code: 451, enhanced: '4.3.2', text: 'try again later' }, '', 1],
  ];
  for (const [answer, complaint, bad] of table) {
    const reading = read(answer);
    assert.equal(reading.complaints.map(({ about, kind }) => `${about} ${kind}`).join(), complaint, answer.text);
    assert.equal(reading.bad, bad, answer.text);
  }
});

test('a TLS policy that one domain does not meet says nothing about its site', () => {
  const unmet = resultOf({ code: 451, enhanced: '4.7.5', text: 'no trusted TLS with mx.test: the MTA-STS policy of a.test does not name the mail server mx.test', scope: 'recipient' });
  const { bad, crowded, complaints, rules, connection } = readResults([{ ...unmet, outcome: { ...unmet.outcome, attempt: { mx: 'mx.test', address: '192.0.2.9', ownReply: true } } }]);
  assert.deepEqual({ bad, crowded, complaints, rules, connection }, { bad: 0, crowded: false, complaints: [], rules: [], connection: undefined });
});

test('reaching a site: words of a server count, silence and an early 421 do not, our own trouble tells nothing', () => {
  const silence: Answer = { code: 451, enhanced: '4.4.1', text: 'connect to mx.test[198.51.100.7]:25: no answer within 30 s', silent: true };
  assert.equal(read(TAKEN).connection, 'spoke');
  assert.equal(read({ code: 550, enhanced: '5.1.1', text: 'no such user', scope: 'recipient' }).connection, 'spoke');
  assert.equal(read(silence).connection, 'failed');
  assert.match(read(silence).error, /no answer within 30 s/);
  assert.equal(read({ code: 421, enhanced: '4.3.2', text: 'Service not available', greeting: true, scope: 'session' }).connection, 'failed');
  assert.equal(read({ code: 451, enhanced: '4.4.1', text: 'connect to mx.test[2001:db8::1]:25: Network is unreachable', silent: true }).connection, undefined);
  assert.equal(read({ code: 451, enhanced: '4.3.0', text: 'local problem', local: true }).connection, undefined);
  assert.equal(readResults([]).connection, undefined);
});

test('a connection closed in the middle, and too many connections, ask for fewer at once', () => {
  assert.equal(read({ code: 421, enhanced: '4.4.2', text: 'closing connection', scope: 'session' }).crowded, true);
  assert.equal(read({ code: 452, enhanced: '4.3.1', text: 'too many concurrent connections' }).crowded, true);
  assert.equal(read(TAKEN).crowded, false);
});

test('what we say of a server that talks nonsense is not told as its words', () => {
  assert.equal(read({ code: 451, enhanced: '4.3.2', text: 'try again later' }).told, 'It said: 451 4.3.2 try again later');
  const nonsense = resultOf({ code: 451, enhanced: '4.5.0', text: 'mx.test[192.0.2.9]:25 does not follow the protocol while sending RCPT TO: not a reply line', scope: 'host' });
  const { told, bad } = readResults([{ ...nonsense, outcome: { ...nonsense.outcome, attempt: { mx: 'mx.test', address: '192.0.2.9', ownReply: true, reused: false } } }]);
  assert.deepEqual([bad, told], [1, 'The last failure: 451 4.5.0 mx.test[192.0.2.9]:25 does not follow the protocol while sending RCPT TO: not a reply line']);
});
