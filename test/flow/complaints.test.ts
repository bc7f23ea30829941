/** Complaints in the lab, as providers send them: who complained, what follows for the address and for the lane, and who is not believed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ComplaintsAnswer } from '../../src/manage/reports/reports.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

interface Inbox {
  readonly messages: readonly { readonly id: string; readonly rcptTo: readonly string[]; readonly raw?: string }[];
}

const BULK = ['List-Unsubscribe: <https://example.org/u>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click', 'List-Id: <news.example.org>'];
let lab: LabProcess;
let alice: LabUser;

before(async () => {
  lab = await startLab();
  alice = new LabUser(lab);
});
after(async () => {
  alice?.close();
  await lab?.stop();
});

async function complaints(): Promise<ComplaintsAnswer['complaints']> {
  return (await lab.json<ComplaintsAnswer>(['report', 'arf'])).complaints;
}

/** From the host outside, in the name of good.example, whose SPF passes there. */
async function outside(from: string, to: string, content: string): Promise<string> {
  const { host, port } = lab.ready.smtp;
  const session = await SmtpDialogue.open(host, port, { localAddress: host.replace(/\d+$/, '40') });
  try {
    await session.reply();
    await session.say('EHLO mail.good.example');
    await session.say(`MAIL FROM:<${from}>`);
    assert.match(await session.say(`RCPT TO:<${to}>`), /^250/);
    await session.say('DATA');
    const fields = [`From: <${from}>`, `To: <${to}>`, `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`, `Message-ID: <${Math.random().toString(36).slice(2)}@good.example>`, 'MIME-Version: 1.0'];
    return await session.say(`${fields.join('\r\n')}\r\n${content}.`);
  } finally {
    session.close();
  }
}

function arf(about: string, fields = 'Feedback-Type: abuse'): string {
  return `Subject: complaint\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nspam\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n${fields}\r\nUser-Agent: Test/1\r\nVersion: 1\r\n\r\n--b\r\n${about}\r\n--b--\r\n`;
}

test('a bulk message to three by VERP: the copy names who complained, though the report names nobody', async () => {
  const addresses = ['ann@yahoo.com', 'ben@yahoo.com', 'cat@yahoo.com'];
  const id = await alice.submitToMany(addresses, 'News', { header: BULK, mailParameters: 'XVERP' });
  // Each goes in a transaction of its own.
  const one = await eventually('the copy for ben', async () => (await alice.call<Inbox>('lab.inbox', { provider: 'yahoo' })).messages.find(({ rcptTo }) => rcptTo.includes('ben@yahoo.com')));
  await alice.delivered(id);
  const said = await lab.json<{ kind: string }>(['lab', 'complain', 'yahoo', one.id]);
  assert.equal(said.kind, 'reported');
  const [told] = await eventually('the complaint', async () => { const all = await complaints(); return all.length > 0 && all; });
  assert.deepEqual([told?.recipient, told?.messageId, told?.stream], ['ben@yahoo.com', id, 'bulk']);
});

test('a stranger who knows a Message-ID cannot have somebody else’s mail stopped', async () => {
  const id = await alice.submitToMany(['dan@gmail.com', 'eve@gmail.com'], 'For two', { header: BULK });
  await alice.delivered(id);
  const { messages } = await alice.call<Inbox>('lab.inbox', { provider: 'gmail' });
  const raw = Buffer.from((await alice.call<{ raw: string }>('lab.inbox', { provider: 'gmail', raw: messages[0]?.id ?? '' })).raw, 'base64').toString();
  const header = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/^Return-Path:.*\r\n/im, '');
  const before = (await complaints()).length;
  assert.match(await outside('reports@good.example', 'fbl@example.org', arf(`Content-Type: text/rfc822-headers\r\n\r\n${header}`, 'Feedback-Type: abuse\r\nOriginal-Rcpt-To: <dan@gmail.com>')), /^250/);
  await eventually('the complaint', async () => (await complaints()).length > before);
  const { suppressions } = await lab.json<{ suppressions: readonly { address: string }[] }>(['suppression', 'list', '--domain', 'gmail.com']);
  assert.deepEqual(suppressions, []);
});

test('an XARF report about something else than mail does no harm, and is not taken for a complaint about mail', async () => {
  const before = (await complaints()).length;
  const json = 'Content-Type: application/json; name=xarf.json\r\n\r\n{"Version":"3","Report":{"ReportClass":"Activity","ReportType":"LoginAttack","SourceIp":"192.0.2.1"}}';
  assert.match(await outside('reports@good.example', 'fbl@example.org', arf(json, 'Feedback-Type: xarf')), /^250/);
  await eventually('that it was read', async () => (await lab.json<ComplaintsAnswer>(['report', 'arf'])).left.length > 0);
  assert.equal((await complaints()).length, before);
});

test('an alias that leads to an address the server reads', async () => {
  const added = await lab.run(['alias', 'add', 'feedback@example.org', 'fbl@example.org']);
  assert.equal(added.status, 0, added.stderr);
  const id = await alice.submit({ to: 'fay@yahoo.com', subject: 'For one', header: BULK });
  await alice.delivered(id);
  const found = (await alice.call<Inbox>('lab.inbox', { provider: 'yahoo' })).messages.find(({ rcptTo }) => rcptTo.includes('fay@yahoo.com'));
  const raw = Buffer.from((await alice.call<{ raw: string }>('lab.inbox', { provider: 'yahoo', raw: found?.id ?? '' })).raw, 'base64').toString();
  assert.match(await outside('reports@good.example', 'feedback@example.org', arf(`Content-Type: text/rfc822-headers\r\n\r\n${raw.slice(0, raw.indexOf('\r\n\r\n'))}`)), /^250/);
  await eventually('the complaint', async () => (await complaints()).some(({ recipient }) => recipient === 'fay@yahoo.com'));
});

test('complaints above three in a thousand give the lane a rest that says why', async () => {
  await alice.weather(['complaints'], 'on', ['yahoo']);
  for (let at = 0; at < 6; at += 1) await alice.submit({ to: `reader${at}@yahoo.com`, subject: `News ${at}`, header: BULK });
  const resting = await eventually('a lane that rests', async () => {
    const lanes = JSON.stringify(await lab.json<unknown>(['ip', 'list']));
    return /"state":"hot"/.test(lanes) && lanes;
  });
  assert.match(resting, /recipients called mail of the last two days spam/);
});
