/** Preflight through the whole server: what is found before sending is held, told by `queue why`, and let go by hand. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;

before(async () => {
  lab = await startLab({ settings: '[preflight]\nmode = "hold"\n' });
});
after(() => lab.stop());

interface Waiting {
  readonly id: string;
  readonly recipient: string;
  readonly state: string;
  readonly reason: string;
}

const whyAll = (): Promise<readonly Waiting[]> => lab.json(['queue', 'why']);

test('mail that Gmail would refuse for the missing PTR is held with the reply it would earn, and goes when it is mended', async () => {
  await lab.json(['lab', 'scenario', 'no-ptr', 'on']);
  const sent = await lab.run(['send', '--from', 'alice@example.org', '--subject', 'held back', '--text', 'hello', '--to', 'friend@gmail.com']);
  assert.equal(sent.status, 0, sent.stderr);
  const held = await eventually('it is held', async () => (await whyAll()).find(({ state }) => state === 'held'));
  assert.match(held.reason, /Preflight holds it: .* would answer "550 5\.7\.25 .*PTR/);
  const none = await lab.json<{ messages: readonly unknown[] }>(['lab', 'inbox', 'gmail']);
  assert.deepEqual(none.messages, [], 'nothing reached the provider');
  await lab.json(['lab', 'scenario', 'no-ptr', 'off']);
  await lab.json(['queue', 'release', held.id]);
  await eventually('it arrives', async () => (await lab.json<{ messages: readonly unknown[] }>(['lab', 'inbox', 'gmail'])).messages.length === 1);
});

test('`posthorn preflight` says of a draft that it lacks what this server adds, and not only that a key must be made', async () => {
  const draft = 'From: alice@example.org\r\nSubject: draft\r\n\r\nhello\r\n';
  const asked = await lab.run(['preflight', '--to', 'friend@outlook.com', '--sender', 'alice@example.org', '-'], draft);
  assert.match(asked.stdout, /no rule is known by which Outlook\.com, Hotmail, Live would refuse it/);
  assert.match(asked.stdout, /What this server adds when a program hands mail in .* is not in it\./);
});
