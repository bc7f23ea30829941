/** The lab as PRODUCT.md promises it: fields and types of its JSON, complaints that come back, a clock, and no way out. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { insideLab } from '../../src/lab/address-plan.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

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

interface Arrived extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly folder: string;
}

async function inbox(provider: string, subject: string): Promise<Arrived> {
  return eventually(`"${subject}" at ${provider}`, async () => {
    const { messages } = await alice.call<{ messages: Arrived[] }>('lab.inbox', { provider });
    return messages.find((message) => message['subject'] === subject);
  });
}

test('the ready line and the inbox have the fields and types of the contract', async () => {
  const { ready } = lab;
  assert.equal(ready.ready, true);
  assert.equal(ready.pid, lab.child.pid);
  for (const endpoint of [ready.smtp, ready.submission, ready.submissions, ready.dns]) assert.deepEqual(Object.keys(endpoint), ['host', 'port']);
  assert.deepEqual(ready.accounts.map(({ address }) => address), ['alice@example.org', 'bob@example.org']);
  assert.ok(ready.providers.some(({ name, domains, mx }) => name === 'gmail' && domains.includes('gmail.com') && mx.host !== '' && mx.address.startsWith('127.') && mx.port === ready.smtp.port));
  await alice.submit({ to: 'Joe@gmail.com', subject: 'fields' });
  const message = await inbox('gmail', 'fields');
  const types = { id: 'string', mailFrom: 'string', headerFrom: 'string', subject: 'string', messageId: 'string', folder: 'string', spf: 'string', dkim: 'string', dmarc: 'string', tls: 'string', clientIp: 'string', helo: 'string', receivedAt: 'string' };
  for (const [field, type] of Object.entries(types)) assert.equal(typeof message[field], type, field);
  assert.deepEqual(message['rcptTo'], ['Joe@gmail.com']);
  assert.equal(message['mailFrom'], 'alice@example.org');
  assert.match(String(message['tls']), /^TLSv1\.[23] /);
  assert.match(String(message['messageId']), /^<.+>$/);
  assert.ok(Math.abs(Date.parse(String(message['receivedAt'])) - Date.now()) < 600_000);
  const listed = await lab.json<{ messages: Arrived[] }>(['lab', 'inbox', 'gmail.com', 'joe@GMAIL.com']);
  assert.deepEqual(listed.messages.map(({ id }) => id), [message.id]);
  const raw = await lab.run(['lab', 'inbox', 'gmail', '--raw', message.id]);
  assert.match(raw.stdout, /^DKIM-Signature: [^]*\r\nSubject: fields\r\n\r\nHello\.\r\n$/);
});

test('a complaint comes back as an ARF report by mail', async () => {
  await alice.call('account.add', { address: 'desk@example.org', password: 'correct horse battery' });
  await alice.call('alias.add', { address: 'abuse@example.org', targets: ['alice@example.org'] }).catch(() => {});
  await alice.submit({ to: 'joe@yahoo.com', subject: 'annoying' });
  const { id } = await inbox('yahoo', 'annoying');
  const said = await lab.json<{ kind: string; to: string; result: { reply: { code: number } } }>(['lab', 'complain', 'yahoo', id]);
  assert.deepEqual([said.kind, said.to, said.result.reply.code], ['reported', 'abuse@example.org', 250]);
  const report = await eventually('the report in the mailbox', async () => (await alice.mailbox(5)).find((content) => content.includes('feedback-report')));
  assert.match(report, /multipart\/report;[^]*report-type="?feedback-report/);
  assert.match(report, /^Feedback-Type: abuse\r$/m);
  assert.match(report, /^Source-IP: 127\.\d+\.0\.10\r$/m);
  assert.match(report, /^Original-Mail-From: .*alice@example\.org/m);
  assert.match(report, /^Authentication-Results: mail\.example\.org;[^]*?spf=pass/m);
  assert.match(report, /^Subject: annoying\r$/m);
  const { counters } = await lab.json<{ counters: { kind: string; key: string; complaints: number }[] }>(['lab', 'counters', 'yahoo']);
  assert.equal(counters.find(({ key }) => key === 'example.org')?.complaints, 1);
});

test('a wanted notice of success comes from example.net, or from us where the provider offers no DSN', async () => {
  const plain = await alice.submit({ to: 'joe@gmail.com', subject: 'tell me', rcptParameters: 'NOTIFY=SUCCESS' });
  assert.match(await alice.report(plain), /Your message was handed on to another mail server, for: joe@gmail\.com/);
  await alice.submit({ to: 'joe@example.net', subject: 'tell me too', rcptParameters: 'NOTIFY=SUCCESS' });
  const notice = await eventually('a notice of example.net', async () =>
    (await alice.mailbox(5)).find((content) => /^Reporting-MTA: dns; ?mx\.example\.net/im.test(content)));
  assert.match(notice, /^Action: delivered\r$/m);
  assert.match(notice, /^Final-Recipient: rfc822; ?joe@example\.net\r$/im);
});

const OUTSIDE = '192.0.2.1';

test('nothing leaves 127.0.0.0/8: an MX outside is refused by code, and trace says so', async () => {
  for (const to of ['joe@far-away.example', `joe@[${OUTSIDE}]`]) {
    const id = await alice.submit({ to, subject: 'out' });
    const { event, state } = await alice.attempted(id);
    assert.notEqual(state, 'delivered', to);
    assert.equal(event.explanation?.rule, 'own.lab', JSON.stringify(event));
    await alice.call('queue.delete', { ids: [id] });
  }
});

test('the clock of the lab brings retries, and after five days the message is returned as expired', async () => {
  await alice.weather(['greylist', 'busy-mx'], 'on', ['yahoo']);
  const id = await alice.submit({ to: 'late@yahoo.com', subject: 'five days' });
  await alice.attempted(id);
  assert.match((await lab.run(['lab', 'clock', 'advance', '1h'])).stdout, /clock is now at/);
  await eventually('a second attempt', async () => (await alice.trace(id)).recipients[0]?.attempts === 2);
  await lab.run(['lab', 'clock', 'advance', '6d']);
  const { trace, event } = await eventually('expired', async () => {
    const now = await alice.attempted(id);
    return now.state === 'expired' && now;
  });
  assert.equal(event.name, 'recipient.expired');
  assert.equal(event.explanation?.provider, 'Yahoo');
  assert.ok(trace.events.some(({ name }) => name === 'dsn.sent'));
  const report = await alice.report(id);
  assert.match(report, /could not be delivered in the time allowed/);
  assert.match(report, /421 4\.3\.2 Service not available/);
  assert.match(report, /Action: failed/);
  await alice.weather(['greylist', 'busy-mx'], 'off');
});

test('nothing leaves 127.0.0.0/8: a smarthost outside is refused by code as well', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-fence-'));
  const file = join(dir, 'posthorn.toml');
  const host = lab.ready.smtp.host;
  writeFileSync(
    file,
    `hostname = "mail.example.org"\ndata-dir = "data"\n[listen]\nsmtp = ["${host}:0"]\n[networks]\ntrusted = ["127.0.0.0/8"]\n[relay]\nhost = "${OUTSIDE}"\nport = 587\ntls = "none"\n`,
  );
  // As the lab starts its server, but with a relay.
  const server = await startServer({ config: loadConfig(file), clock: new SystemClock(), log: silentLog, verbs, connectAllowed: insideLab });
  try {
    const { port } = server.addresses.smtp[0] ?? assert.fail('no listener');
    const mail = { from: 'root@example.org', to: ['joe@gmail.com'], content: 'From: <root@example.org>\r\nSubject: out\r\n\r\nb' };
    const id = /queued as (\w+)/.exec(await sendMessage({ host, port }, mail))?.[1] ?? assert.fail('not queued');
    const event = await eventually('an attempt', async () => {
      const events = await server.context.store.timeline.events(id);
      return events.find(({ name }) => name === 'recipient.deferred');
    });
    assert.match(JSON.stringify(event.data), /mail stays inside the lab|inside the lab|not allowed here/);
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});

test('trace and queue tell times by the clock of the lab', async () => {
  await alice.passTime(30 * 3_600_000);
  await alice.weather(['busy-mx'], 'on', ['gmail']);
  const id = await alice.submit({ to: 'joe@gmail.com', subject: 'ahead' });
  await alice.attempted(id);
  for (const command of [['trace', id], ['queue', 'why', id], ['queue', 'list']]) {
    const { stdout } = await lab.run(command);
    assert.match(stdout, /\bin \d+ ?(?:s|m|min)\b/, stdout);
    assert.doesNotMatch(stdout, /in \d+ ?h/, stdout);
  }
  await alice.weather(['busy-mx'], 'off');
});
