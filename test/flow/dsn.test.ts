/** Delivery status notifications as users of sendmail meet them (RFC 3461 parameters by -N, -R and -V), in the lab. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseDsn, type ParsedDsn } from '../../src/mail/dsn.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;
before(async () => {
  lab = await startLab();
  await lab.run(['alias', 'add', 'team@example.org', 'bob@example.org', 'friend@example.net']);
  await lab.run(['alias', 'add', 'single@example.org', 'friend@example.net']);
});
after(() => lab.stop());

async function sendmail(subject: string, ...args: readonly string[]): Promise<void> {
  const sent = await lab.run(['sendmail', '-f', 'alice@example.org', ...args], `From: alice@example.org\nSubject: ${subject}\nMessage-ID: <${subject}@example.org>\n\nthe body of ${subject}\n`);
  assert.equal(sent.status, 0, sent.stderr);
}

/** The timeline once everybody has met their fate. */
function done(subject: string): Promise<string> {
  return eventually(`the end of ${subject}`, async () => {
    const { stdout } = await lab.run(['trace', `<${subject}@example.org>`]);
    return /done: every recipient/.test(stdout) && stdout;
  });
}

interface Notice {
  readonly dsn: ParsedDsn;
  readonly raw: string;
}

/** The first notice to alice about this message. */
async function notice(subject: string): Promise<Notice> {
  return eventually(`the notice about ${subject}`, async () => (await notices(subject))[0]);
}

async function notices(subject: string): Promise<readonly Notice[]> {
  const found: Notice[] = [];
  const { messages } = await lab.json<{ messages: readonly { number: number }[] }>(['mail', 'list', '--account', 'alice@example.org', '--json']);
  for (const { number } of messages) {
    const { stdout } = await lab.run(['mail', 'read', String(number), '--account', 'alice@example.org', '--raw']);
    const dsn = parseDsn(Buffer.from(stdout));
    if (dsn?.originalMessageId === `<${subject}@example.org>`) found.push({ dsn, raw: stdout });
  }
  return found;
}

test('a failure names recipient, envelope and reply, and returns what was asked for', async () => {
  await sendmail('full', '-N', 'failure', '-R', 'full', '-V', 'env-42', 'nobody.unknown@example.net');
  const { dsn, raw } = await notice('full');
  assert.equal(dsn.envelopeId, 'env-42');
  assert.deepEqual(dsn.recipients.map(({ action, status, finalRecipient }) => [action, status, finalRecipient]), [['failed', '5.1.1', 'nobody.unknown@example.net']]);
  assert.ok(dsn.recipients[0]?.remoteMta);
  assert.match(dsn.recipients[0]?.diagnostic ?? '', /^550 5\.1\.1/);
  assert.match(raw, /the body of full/);
  assert.match(raw, /^Return-Path: <>/m);
  assert.match(raw, /^Auto-Submitted: auto-replied/m);
});

test('the header alone is returned unless the whole was asked for', async () => {
  await sendmail('headers', '-R', 'hdrs', 'nobody.unknown@example.net');
  assert.doesNotMatch((await notice('headers')).raw, /the body of headers/);
});

test('never means never', async () => {
  await sendmail('never', '-N', 'never', 'nobody.unknown@example.net');
  assert.match(await done('never'), /no report sent: the sender asked for no report/);
});

test('an alias with several targets reports that it was expanded, and not to whom', async () => {
  await sendmail('expanded', '-N', 'success,failure', 'team@example.org');
  const { dsn, raw } = await notice('expanded');
  assert.deepEqual(dsn.recipients.map(({ action, status, finalRecipient }) => [action, status, finalRecipient]), [['expanded', '2.0.0', 'team@example.org']]);
  assert.doesNotMatch(raw, /bob@|friend@/);
  assert.match(await done('expanded'), /report sent to <alice@example\.org>/);
});

test('success beyond an alias with one target is reported with the address that was written to', async () => {
  await sendmail('single', '-N', 'success', 'single@example.org');
  await done('single');
  const { dsn } = await notice('single');
  const [recipient] = dsn.recipients;
  assert.deepEqual([recipient?.originalRecipient, recipient?.finalRecipient], ['single@example.org', 'friend@example.net']);
  assert.ok(recipient?.action === 'relayed' || recipient?.action === 'delivered', recipient?.action);
});

test('success is reported though an alias before leads to the same address', async () => {
  await sendmail('both-ways', '-N', 'success', 'team@example.org', 'single@example.org');
  await done('both-ways');
  const reported = await eventually('both reports', async () => {
    const told = (await notices('both-ways')).flatMap(({ dsn }) => dsn.recipients.map(({ action, originalRecipient }) => `${action} ${originalRecipient}`));
    return told.length === 2 && told.sort();
  });
  assert.match(reported.join(), /^(?:delivered|relayed) single@example\.org,expanded team@example\.org$/);
});

test('a server without DSN is where our knowledge ends', async () => {
  await sendmail('relayed', '-N', 'success', 'friend@gmail.com');
  const { raw, dsn } = await notice('relayed');
  assert.deepEqual(dsn.recipients.map(({ action, status }) => [action, status]), [['relayed', '2.0.0']]);
  assert.match(raw, /^Subject: Your message was passed on\r$/m);
  assert.doesNotMatch(raw, /was delivered/);
});

test('delivery to a mailbox here is reported as such', async () => {
  await sendmail('local', '-N', 'success', 'bob@example.org');
  assert.deepEqual((await notice('local')).dsn.recipients.map(({ action, finalRecipient }) => [action, finalRecipient]), [['delivered', 'bob@example.org']]);
});
