/** The running lab under hostile and odd clients: nothing smuggled arrives, content stays as it was sent, nobody is locked out. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callServer } from '../../src/face/control/client.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

let lab: LabProcess;
before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

async function call<T>(verb: string, args: unknown): Promise<T> {
  const answer = await callServer(join(lab.ready.dir, 'data/run/control.sock'), verb, args);
  if (answer.kind !== 'answered') throw new Error('the lab does not run');
  return answer.result as T;
}

/** All that an account has, as stored; waits until a message holds `marker`. */
async function mailbox(account: string, marker: string): Promise<Buffer[]> {
  return eventually(`"${marker}" for ${account}`, async () => {
    const { messages } = await call<{ messages: { uid: number }[] }>('mailbox.messages', { account });
    const read = await Promise.all(messages.map(({ uid }) => call<{ content: string }>('mailbox.read', { account, uid })));
    const contents = read.map(({ content }) => Buffer.from(content, 'base64'));
    return contents.some((content) => content.includes(marker)) && contents;
  });
}

async function stranger(): Promise<SmtpDialogue> {
  const dialogue = await SmtpDialogue.open(lab.ready.smtp.host, lab.ready.smtp.port);
  await dialogue.reply();
  await dialogue.say('EHLO stranger.example');
  return dialogue;
}

async function logIn(): Promise<{ dialogue: SmtpDialogue; reply: string }> {
  const { submission, ca, accounts } = lab.ready;
  const dialogue = await SmtpDialogue.open(submission.host, submission.port);
  await dialogue.reply();
  await dialogue.say('EHLO laptop.example');
  await dialogue.say('STARTTLS');
  await dialogue.startTls(readFileSync(ca, 'utf8'), 'mail.example.org');
  await dialogue.say('EHLO laptop.example');
  const reply = await dialogue.say(`AUTH PLAIN ${Buffer.from(`\0${accounts[0]?.address}\0${accounts[0]?.password}`).toString('base64')}`);
  return { dialogue, reply };
}

const FALSE_ENDS = ['\n.\n', '\n.\r\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\r\n.\n', '\r\n\0.\r\n', '\r\n.\0\r\n', '\n.\r', '\r.\n', '\r\r\n.\r\r\n', '\n\n.\r\n', '\r\n.\r\r\n', '\r\n.\x85', '\x85.\x85', '\r\n. \r\n', '\r\n..\r\n', '\x0b.\x0b'];

test('a message hidden behind a false end of another arrives nowhere, by DATA, BDAT or as binary', async () => {
  for (const end of FALSE_ENDS) {
    for (const way of ['DATA', 'BDAT', 'BINARYMIME'] as const) {
      const hidden = 'MAIL FROM:<ceo@example.org>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx';
      const content = `From: a@far.example\r\nSubject: carrier\r\n\r\nx${end}${hidden}`;
      const dialogue = await stranger();
      await dialogue.say(`MAIL FROM:<a@far.example>${way === 'BINARYMIME' ? ' BODY=BINARYMIME' : ''}`);
      await dialogue.say('RCPT TO:<bob@example.org>');
      if (way === 'DATA') assert.match(await dialogue.say('DATA'), /^354/);
      dialogue.write(way === 'DATA' ? `${content}\r\n.\r\n` : `BDAT ${content.length} LAST\r\n${content}`);
      assert.match(await dialogue.reply(), /^(?:250 2\.0\.0|554 5\.6\.0)/, `${way} ${JSON.stringify(end)}`);
      // In step: had anything been taken for commands, their replies would come first.
      assert.equal(await dialogue.say('VRFY bob'), '252 2.5.0 Send some mail and I will try to deliver it');
      dialogue.close();
    }
  }
  const last = await stranger();
  for (const line of ['MAIL FROM:<a@far.example>', 'RCPT TO:<alice@example.org>', 'DATA']) await last.say(line);
  assert.match(await last.say('From: a@far.example\r\nSubject: the only one\r\n\r\nx\r\n.'), /^250/);
  last.close();
  const contents = await mailbox('alice@example.org', 'the only one');
  assert.equal(contents.length, 1);
  for (const content of await mailbox('bob@example.org', 'carrier')) assert.match(content.toString('latin1'), /^Subject: carrier/m);
});

test('a binary body comes byte for byte to a mailbox, and decodes to the same bytes at a server without BINARYMIME', async () => {
  const body = Buffer.concat([Buffer.from([...Array(256).keys()]), Buffer.from('\r\n.\r\nQUIT\r\n\n.\n\r.\r\0'), randomBytes(5000)]);
  const header = 'From: alice@example.org\r\nSubject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n';
  const content = Buffer.concat([Buffer.from(header), body]);
  const { dialogue } = await logIn();
  assert.match(await dialogue.say('MAIL FROM:<alice@example.org> BODY=BINARYMIME'), /^250/);
  for (const to of ['bob@example.org', 'joe@example.net']) assert.match(await dialogue.say(`RCPT TO:<${to}>`), /^250/);
  for (let at = 0; at < content.length; at += 2000) {
    const chunk = content.subarray(at, at + 2000);
    dialogue.write(Buffer.concat([Buffer.from(`BDAT ${chunk.length}${at + 2000 >= content.length ? ' LAST' : ''}\r\n`), chunk]));
    assert.match(await dialogue.reply(), /^250 2\.0\.0/);
  }
  dialogue.close();
  const stored = (await mailbox('bob@example.org', 'Subject: binary')).find((one) => one.includes('Subject: binary'));
  assert.ok(stored?.subarray(-body.length).equals(body), 'the body in the mailbox is not what was sent');
  const arrived = await eventually('the message at example.net', async () => {
    const { messages } = await lab.json<{ messages: { id: string; subject: string; dkim: string }[] }>(['lab', 'inbox', 'example.net']);
    return messages.find(({ subject }) => subject === 'binary');
  });
  assert.equal(arrived.dkim, 'pass');
  const { stdout } = await lab.run(['lab', 'inbox', 'example.net', '--raw', arrived.id]);
  assert.match(stdout, /^Content-Transfer-Encoding: base64\r?$/m);
  const encoded = stdout.slice(stdout.search(/\r?\n\r?\n/));
  assert.ok(Buffer.from(encoded, 'base64').equals(body), 'it does not decode to what was sent');
});

test('thirty log-ins at once with the right password all succeed', async () => {
  const all = await Promise.all(Array.from({ length: 30 }, () => logIn()));
  for (const { dialogue } of all) dialogue.close();
  assert.deepEqual(new Set(all.map(({ reply }) => reply.slice(0, 9))), new Set(['235 2.7.0']));
});
