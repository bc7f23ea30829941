/**
 * The whole journey in the lab as a user starts it: our users write to every provider, strangers write to our users, the
 * weather turns, and trace explains.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { sendMessage, SmtpDialogue } from '../harness/smtp-dialogue.ts';

interface Inbox {
  readonly messages: readonly { id: string; mailFrom: string; rcptTo: string; folder: string; spf: string; dkim: string; dmarc: string; tls: unknown; clientIp: string; helo: string; subject: string }[];
}

let lab: LabProcess;
before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

/** Logs in as alice on submission, and sends; the reply to the final dot. */
async function submit(to: readonly string[], subject: string, options: { sender?: string; from?: string } = {}): Promise<string> {
  const { ready } = lab;
  const [alice] = ready.accounts;
  const dialogue = await SmtpDialogue.open(ready.submission.host, ready.submission.port);
  try {
    await dialogue.reply();
    await dialogue.say('EHLO laptop.example');
    await dialogue.say('STARTTLS');
    await dialogue.startTls(readFileSync(ready.ca, 'utf8'), 'mail.example.org');
    await dialogue.say('EHLO laptop.example');
    const login = await dialogue.say(`AUTH PLAIN ${Buffer.from(`\0${alice?.address}\0${alice?.password}`).toString('base64')}`);
    assert.match(login, /^235 2\.7\.0/);
    const sender = await dialogue.say(`MAIL FROM:<${options.sender ?? alice?.address}>`);
    if (!sender.startsWith('250')) return sender;
    for (const recipient of to) assert.match(await dialogue.say(`RCPT TO:<${recipient}>`), /^250/);
    await dialogue.say('DATA');
    return await dialogue.say(`From: Alice <${options.from ?? alice?.address}>\r\nTo: ${to.join(', ')}\r\nSubject: ${subject}\r\n\r\nHello.\r\n.`);
  } finally {
    dialogue.close();
  }
}

const queueIdOf = (reply: string): string => /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);

async function arrived(provider: string, subject: string): Promise<Inbox['messages'][number]> {
  return eventually(`"${subject}" at ${provider}`, async () => {
    const { messages } = await lab.json<Inbox>(['lab', 'inbox', provider]);
    return messages.find((message) => message.subject === subject);
  });
}

/** The text of trace once it says what we wait for. */
async function traced(id: string, pattern: RegExp): Promise<string> {
  let heard = '';
  try {
    return await eventually(`trace of ${id} matching ${pattern}`, async () => {
      heard = (await lab.run(['trace', id])).stdout;
      return pattern.test(heard) && heard;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}; it says:\n${heard}`, { cause: error });
  }
}

async function withScenario<T>(name: string, work: () => Promise<T>): Promise<T> {
  await lab.json(['lab', 'scenario', name, 'on']);
  try {
    return await work();
  } finally {
    await lab.json(['lab', 'scenario', name, 'off']);
  }
}

test('mail from our user reaches the inbox of every provider with SPF, DKIM and DMARC pass, over TLS', async () => {
  for (const provider of lab.ready.providers) {
    const subject = `hello ${provider.name}`;
    assert.match(await submit([`joe@${provider.domains[0]}`], subject), /^250 2\.0\.0/);
    const message = await arrived(provider.name, subject);
    assert.deepEqual(
      { folder: message.folder, spf: message.spf, dkim: message.dkim, dmarc: message.dmarc, helo: message.helo },
      { folder: 'inbox', spf: 'pass', dkim: 'pass', dmarc: 'pass', helo: 'mail.example.org' },
      provider.name,
    );
    assert.ok(message.tls, `${provider.name} got it without TLS`);
  }
});

test('what a provider gets does not tell from where or on which machine alice wrote', async () => {
  assert.match(await submit(['joe@example.net'], 'from home'), /^250 2\.0\.0/);
  const { id } = await arrived('example.net', 'from home');
  const { stdout } = await lab.run(['lab', 'inbox', 'example.net', '--raw', id]);
  const header = stdout.slice(0, stdout.indexOf('\r\n\r\n'));
  assert.match(header, /^Received: by mail\.example\.org with ESMTPSA id \S+\r\n\t\(using TLS/m);
  assert.doesNotMatch(header, /from \S+ \(|127\.0\.0\.1/);
});

test('one message to several recipients of several providers arrives once for each', async () => {
  await submit(['a@gmail.com', 'b@gmail.com', 'c@yahoo.com', 'bob@example.org'], 'to many');
  await arrived('yahoo', 'to many');
  const { messages } = await eventually('both at gmail', async () => {
    const inbox = await lab.json<Inbox>(['lab', 'inbox', 'gmail']);
    return inbox.messages.filter((message) => message.subject === 'to many').flatMap((message) => message.rcptTo).length === 2 && inbox;
  });
  assert.ok(messages.length >= 2);
  const list = await eventually('in the mailbox of bob', async () => {
    const { stdout } = await lab.run(['mail', 'list', '--account', 'bob@example.org']);
    return stdout.includes('to many') && stdout;
  });
  assert.match(list, /alice/i);
});

const REFUSALS: readonly [scenario: string, to: string, trace: RegExp][] = [
  ['unauthenticated', 'joe@gmail.com', /550 5\.7\.26[\s\S]*meaning:[\s\S]*do:/],
  // An address of its own: it is suppressed from then on.
  ['unknown-user', 'gone@gmail.com', /550 5\.1\.1[\s\S]*meaning:[\s\S]*do:/],
  ['dkim-broken', 'joe@gmx.net', /554[\s\S]*meaning:[\s\S]*do:/],
  ['mx-null', 'joe@gmail.com', /5\.1\.10[\s\S]*meaning:[\s\S]*do:/],
];
for (const [scenario, to, pattern] of REFUSALS) {
  test(`scenario ${scenario}: refused, explained by trace, and reported to alice`, async () => {
    await withScenario(scenario, async () => {
      const id = queueIdOf(await submit([to], `weather ${scenario}`));
      const text = await traced(id, /report sent to/);
      assert.match(text, pattern);
      assert.match(text, /bounced/);
    });
  });
}

const DEFERRALS: readonly [scenario: string, to: string, trace: RegExp][] = [
  // Said in the greeting, so it is about our address and not about the message: tried again while somebody can act.
  ['listed-ip', 'joe@yahoo.com', /553 5\.7\.[12]/],
  ['no-ptr', 'joe@gmail.com', /550 5\.7\.25[\s\S]*meaning:[\s\S]*PTR[\s\S]*do:/],
  ['unknown-ip', 'joe@t-online.de', /554/],
  ['greylist', 'grey@gmail.com', /451 4\.7\.1/],
  ['over-quota', 'fred@gmail.com', /452 4\.2\.2/],
  ['refused-mx', 'refused@gmail.com', /deferred/],
  ['dns-servfail', 'dns@yahoo.com', /4\.4\.3/],
  ['drop-after-data', 'dropped@gmail.com', /deferred/],
];
for (const [scenario, to, pattern] of DEFERRALS) {
  test(`scenario ${scenario}: deferred with a reason and a next time, and delivered when the weather is fine again`, async () => {
    const id = await withScenario(scenario, async () => {
      const queued = queueIdOf(await submit([to], `weather ${scenario}`));
      const text = await traced(queued, /next/);
      assert.match(text, pattern);
      assert.match(text, /meaning:/);
      assert.match((await lab.run(['queue', 'why', queued])).stdout, /\S/);
      return queued;
    });
    assert.equal((await lab.run(['queue', 'retry', id])).status, 0);
    await traced(id, /done: every recipient/);
  });
}

test('a message deferred by greylisting goes out by itself when its time comes', async () => {
  const id = await withScenario('greylist', async () => {
    const queued = queueIdOf(await submit(['patient@gmail.com'], 'patience'));
    await traced(queued, /next/);
    await lab.json(['lab', 'clock', 'advance', '10m']);
    await traced(queued, /done: every recipient/);
    return queued;
  });
  assert.match((await lab.run(['trace', id])).stdout, /delivered/);
});

/** Of the message in alice's INBOX that came with this queue id; notes to the postmaster come there, too. */
async function headerOf(id: string): Promise<string> {
  const { messages } = await lab.json<{ messages: { number: number }[] }>(['mail', 'list', '--account', 'alice@example.org']);
  for (const { number } of messages.toReversed()) {
    const { stdout } = await lab.run(['mail', 'read', String(number), '--account', 'alice@example.org', '--raw']);
    const header = stdout.slice(0, stdout.indexOf('\r\n\r\n'));
    if (header.includes(id)) return header;
  }
  return assert.fail(`no message in the INBOX names ${id}`);
}

const OUTSIDE: readonly [kind: string, results: RegExp][] = [
  ['good', /spf=pass[\s\S]*dkim=pass[\s\S]*dmarc=pass/],
  ['unsigned', /spf=none[\s\S]*dkim=none[\s\S]*dmarc=none/],
  ['broken-dkim', /dkim=fail/],
  ['forged-none', /dmarc=fail/],
];
for (const [kind, results] of OUTSIDE) {
  test(`outside mail of kind ${kind} reaches alice with the right Authentication-Results`, async () => {
    const { results: replies } = await lab.json<{ results: { reply: { text: string } }[] }>(['lab', 'deliver', '--as', kind, '--to', 'alice@example.org']);
    const id = queueIdOf(replies[0]?.reply.text ?? '');
    await traced(id, /done: every recipient/);
    const header = (await headerOf(id)).replace(/\r\n[ \t]+/g, ' ');
    const field = /^Authentication-Results: mail\.example\.org;.*$/m.exec(header)?.[0];
    assert.match(field ?? header, results);
  });
}

test('a forged message from a domain with p=reject is refused in the session', async () => {
  const { results } = await lab.json<{ results: { reply: { code: number; enhanced: string; text: string } }[] }>(['lab', 'deliver', '--as', 'forged']);
  assert.equal(results[0]?.reply.code, 550);
  assert.equal(results[0]?.reply.enhanced, '5.7.1');
  assert.match(results[0]?.reply.text ?? '', /DMARC/);
});

test('nobody relays through us, whatever the address looks like', async () => {
  const { host, port } = lab.ready.smtp;
  const dialogue = await SmtpDialogue.open(host, port);
  await dialogue.reply();
  await dialogue.say('EHLO relay.example');
  await dialogue.say('MAIL FROM:<alice@example.org>');
  for (const victim of [
    'joe@gmail.com', 'joe%gmail.com@example.org', '"joe@gmail.com"@example.org', '@example.org:joe@gmail.com', 'gmail.com!joe@example.org',
    'joe@gmail.com@example.org', 'joe@[127.0.0.21]', '"joe%gmail.com"', 'joe%gmail.com@[127.0.0.1]',
  ]) {
    assert.match(await dialogue.say(`RCPT TO:<${victim}>`), /^5/, victim);
  }
  dialogue.close();
});

test('alice cannot send as bob, neither in the envelope nor in From', async () => {
  assert.match(await submit(['joe@gmail.com'], 'as bob', { sender: 'bob@example.org' }), /^55\d 5\.7\.1/);
  assert.match(await submit(['joe@gmail.com'], 'as bob', { from: 'bob@example.org' }), /^55\d 5\.7\.1/);
});

test('an unknown recipient is refused at RCPT, postmaster and abuse are always accepted', async () => {
  const mail = { from: 'x@plain.example', content: 'From: <x@plain.example>\r\nSubject: s\r\n\r\nb' };
  assert.match(await sendMessage(lab.ready.smtp, { ...mail, to: ['nobody@example.org'] }), /^550 5\.1\.1/);
  assert.match(await sendMessage(lab.ready.smtp, { ...mail, to: ['postmaster'] }), /^250/);
  assert.match(await sendMessage(lab.ready.smtp, { ...mail, to: ['Abuse@example.org'] }), /^250/);
  assert.match(await sendMessage(lab.ready.smtp, { ...mail, to: ['alice+lists@example.org'] }), /^250/);
});
