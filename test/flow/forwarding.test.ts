/**
 * Forwarding in the lab: a stranger's mail through an alias to a provider, its bounce back to the stranger, what must not
 * get through, and a message that comes round again.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

interface Arrived {
  readonly id: string;
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly subject: string;
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
  readonly arc: string;
}

interface Delivered {
  readonly results: readonly { readonly reply: { readonly code: number; readonly enhanced: string; readonly text: string } }[];
}

let lab: LabProcess;
before(async () => {
  lab = await startLab();
  await lab.run(['alias', 'add', 'fwd@example.org', 'someone@outlook.com']);
  await lab.run(['alias', 'add', 'team@example.org', 'alice@example.org', 'friend@gmail.com']);
});
after(() => lab.stop());

async function arrivals(provider: string): Promise<readonly Arrived[]> {
  return (await lab.json<{ messages: readonly Arrived[] }>(['lab', 'inbox', provider])).messages;
}

function arrived(provider: string, what: (message: Arrived) => boolean): Promise<Arrived> {
  return eventually(`mail at ${provider}`, async () => (await arrivals(provider)).find(what));
}

/** The outside host sends a file; the reply to it. */
async function deliver(name: string, lines: readonly string[], to: string, from?: string): Promise<string> {
  const file = join(lab.ready.dir, `${name}.eml`);
  writeFileSync(file, `${lines.join('\r\n')}\r\n`);
  const answer = await lab.run(['lab', 'deliver', '--json', '--file', file, '--to', to, ...(from === undefined ? [] : ['--from', from])]);
  const { code, enhanced, text } = (JSON.parse(answer.stdout) as Delivered).results[0]?.reply ?? assert.fail(answer.stdout);
  return `${code} ${enhanced} ${text}`;
}

const headerOf = (subject: string, from: string): string[] => [`From: ${from}`, 'To: fwd@example.org', `Subject: ${subject}`, `Message-ID: <${subject}@outside.example>`, 'Date: Fri, 20 Nov 2026 12:00:00 +0000'];

test('a forwarded message passes SPF, DKIM, DMARC and ARC at the provider', async () => {
  await lab.run(['lab', 'deliver', '--as', 'good', '--to', 'fwd@example.org']);
  const message = await arrived('outlook.com', () => true);
  assert.match(message.mailFrom, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=good\.example=news@example\.org$/);
  assert.deepEqual([message.spf, message.dkim, message.dmarc, message.arc], ['pass', 'pass', 'pass', 'pass']);
  const { stdout } = await lab.run(['lab', 'inbox', 'outlook.com', '--raw', message.id]);
  assert.match(stdout, /^Delivered-To: fwd@example\.org\r?$/m);
  assert.match(stdout, /^ARC-Authentication-Results: i=1; mail\.example\.org;/m);
});

test('a chain that a list began goes on', async () => {
  await lab.run(['lab', 'deliver', '--as', 'arc', '--to', 'fwd@example.org']);
  const message = await arrived('outlook.com', ({ mailFrom }) => mailFrom.includes('=lists.example='));
  assert.equal(message.arc, 'pass');
  const { stdout } = await lab.run(['lab', 'inbox', 'outlook.com', '--raw', message.id]);
  assert.match(stdout, /^ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=example\.org;/m);
});

test('of one message our user keeps the sender, the provider gets ours', async () => {
  await lab.run(['lab', 'deliver', '--as', 'good', '--to', 'team@example.org']);
  assert.match((await arrived('gmail.com', () => true)).mailFrom, /^SRS0=.*@example\.org$/);
  const { stdout } = await eventually('mail for alice', async () => {
    const read = await lab.run(['mail', 'read', '1', '--account', 'alice@example.org', '--raw']);
    return read.stdout.includes('Return-Path') ? read : undefined;
  });
  assert.match(stdout, /Return-Path: <news@good\.example>/);
  assert.doesNotMatch(stdout, /Delivered-To: team@/);
});

test('a bounce finds its way back to the stranger, and nothing else does', async () => {
  assert.match(await deliver('out', [...headerOf('out', 'pat@example.net'), '', 'Hello.'], 'fwd@example.org', 'pat@example.net'), /^250/);
  const { mailFrom } = await arrived('outlook.com', ({ subject }) => subject === 'out');
  const bounce = [...headerOf('bounced', 'MAILER-DAEMON@outlook.com'), 'Auto-Submitted: auto-replied', '', 'No such user.'];
  assert.match(await deliver('bounce', bounce, mailFrom), /^250/);
  const back = await arrived('example.net', ({ subject }) => subject === 'bounced');
  assert.deepEqual([back.mailFrom, back.rcptTo], ['', ['pat@example.net']]);
  assert.match(await deliver('lower', bounce, mailFrom.toLowerCase()), /^250/);

  assert.match(await deliver('relay', bounce, mailFrom, 'spammer@spammer.example'), /^550 5\.7\.1 .*delivery reports only/);
  assert.match(await deliver('forged', bounce, mailFrom.replace('pat', 'eve')), /^550 5\.7\.1 /);
  assert.match(await deliver('garbage', bounce, 'SRS0=AAAAAA=AA=example.net=pat@example.org'), /^550 5\.7\.1 /);
  const decoded = await lab.json<{ result: string; sender: string }>(['srs', 'decode', mailFrom]);
  assert.deepEqual([decoded.result, decoded.sender], ['sender', 'pat@example.net']);
});

test('bounces of mail forwarded before a change of keys still come back', async () => {
  const { mailFrom } = await arrived('outlook.com', ({ subject }) => subject === 'out');
  const { keys } = await lab.json<{ keys: readonly { use: string }[] }>(['srs', 'rotate']);
  assert.deepEqual(keys.map(({ use }) => use), ['signs', 'verifies']);
  assert.match(await deliver('late', [...headerOf('late', 'MAILER-DAEMON@outlook.com'), '', 'x'], mailFrom), /^250/);
});

test('a sender too long for a rewritten address comes back all the same', async () => {
  const long = `${'long-name-'.repeat(5)}pat@example.net`;
  assert.match(await deliver('long', [...headerOf('long', long), '', 'Hello.'], 'fwd@example.org', long), /^250/);
  const { mailFrom } = await arrived('outlook.com', ({ subject }) => subject === 'long');
  assert.match(mailFrom, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}==[A-Z2-7]{24}@example\.org$/);
  assert.match(await deliver('long-bounce', [...headerOf('long-bounce', 'MAILER-DAEMON@outlook.com'), '', 'x'], mailFrom), /^250/);
  assert.deepEqual((await arrived('example.net', ({ subject }) => subject === 'long-bounce')).rcptTo, [long]);
});

test('what has been at the alias before is refused; with other recipients it is returned', async () => {
  const looping = ['Delivered-To: FWD@example.org', ...headerOf('loop', 'news@plain.example'), '', 'round and round'];
  assert.match(await deliver('loop', looping, 'fwd@example.org', 'news@plain.example'), /^554 5\.4\.6 mail loop/);
  assert.match(await deliver('no-loop', looping, 'alice@example.org', 'news@plain.example'), /^250/);
});

test('sendmail -XV gives each copy a sender of its own, whose bounce reaches the sender', async () => {
  const sent = await lab.run(['sendmail', '-v', '-XV', '-f', 'alice@example.org', 'one@gmail.com', 'two@outlook.com'], 'Subject: verp\nMessage-ID: <verp@example.org>\n\nHello.\n');
  assert.equal(sent.status, 0, sent.stderr);
  assert.equal((await arrived('gmail.com', ({ subject }) => subject === 'verp')).mailFrom, 'alice+one=gmail.com@example.org');
  assert.equal((await arrived('outlook.com', ({ subject }) => subject === 'verp')).mailFrom, 'alice+two=outlook.com@example.org');
});

/** As a server writes it that took the message first. */
function report(about: string, messageId: string): string[] {
  return [
    'From: MAILER-DAEMON@outside.example', 'To: alice@example.org', 'Subject: Undelivered', 'Date: Fri, 20 Nov 2026 12:00:00 +0000', `Message-ID: <report-${about}>`, 'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b', '',
    '--b', 'Content-Type: text/plain', '', 'No.', '--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; inner.test', '',
    `Final-Recipient: rfc822; ${about}`, 'Action: failed', 'Status: 5.1.1', 'Diagnostic-Code: smtp; 550 5.1.1 No such user here', '',
    '--b', 'Content-Type: text/rfc822-headers', '', `Message-ID: ${messageId}`, '', '--b--',
  ];
}

test('a report that comes later is on the timeline, and the next mailing spares the address', async () => {
  await lab.run(['sendmail', '-f', 'alice@example.org', 'gone@gmail.com'], 'Subject: later\nMessage-ID: <later@example.org>\n\nHello.\n');
  await arrived('gmail.com', ({ subject }) => subject === 'later');
  assert.match(await deliver('report-forged', report('two@outlook.com', '<verp@example.org>'), 'alice+two=outlook.com@example.org'), /^250/);
  assert.match(await deliver('report-good', report('gone@gmail.com', '<later@example.org>'), 'alice@example.org'), /^250/);
  const trace = await eventually('the report on the timeline', async () => {
    const { stdout } = await lab.run(['trace', '<later@example.org>']);
    return stdout.includes('returned later') && stdout;
  });
  assert.match(trace, /<gone@gmail\.com> returned later (?:to|at) .*\n(?:.*\n)*?.*reply: 550 5\.1\.1 No such user here/);
  assert.doesNotMatch((await lab.run(['trace', '<verp@example.org>'])).stdout, /returned later/);
  const refused = await lab.run(['sendmail', '-v', '-f', 'alice@example.org', 'gone@gmail.com', 'one@gmail.com'], 'Subject: again\nMessage-ID: <again@example.org>\n\nHello.\n');
  assert.equal(refused.status, 0, refused.stderr);
  const again = await eventually('the second message at its end', async () => {
    const { stdout } = await lab.run(['trace', '<again@example.org>']);
    return /done/.test(stdout) && stdout;
  });
  assert.match(again, /gone@gmail\.com> bounced[\s\S]*suppressed/);
});
