/** Refusals that say plainly whom they mean, at a site that nobody wrote to before: the sender hears of them at once, and only dead addresses are suppressed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/lab-process.ts';
import { meetings, type Meeting } from '../harness/rogue-world.ts';

const meet = meetings();

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The readable part of what was sent to the sender, oldest first, each on one line. */
async function toldToSender({ world: { call } }: Meeting): Promise<readonly string[]> {
  const inbox = { account: 'me@shop.test', folder: 'INBOX' };
  const { messages } = await call<{ messages: readonly { uid: number }[] }>('mailbox.messages', inbox);
  const texts: string[] = [];
  for (const { uid } of messages) {
    const { content } = await call<{ content: string }>('mailbox.read', { ...inbox, uid });
    texts.push((Buffer.from(content, 'base64').toString().split('This is the mail server')[1] ?? '').split('--=_')[0]?.replace(/\s+/g, ' ') ?? '');
  }
  return texts;
}

const AT_RCPT = [
  '550 Recipient not in the directory', '550 recipient is unknown to us', '550 Cette adresse n\'existe pas', '550 Diese E-Mail-Adresse existiert nicht', '550 该地址不存在',
  '550 you are not subscribed', '550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', '551 User not local; please try <x@fine.test>', '554 Quota is over for this user',
];
const DEAD = 5;

test('dead addresses, closed lists and full mailboxes in plain sentences, one at a site: each sender is told at the first try', async () => {
  let reply = '';
  const met = await meet({ rcpt: () => reply }, 0);
  for (const [at, said] of AT_RCPT.entries()) {
    reply = said;
    const id = await met.world.send({ to: `friend${at}@odd.test` });
    await met.world.quiet();
    const [row] = await met.world.why(id);
    assert.deepEqual([row?.state, row?.attempts], ['bounced', 1], said);
    assert.match(row?.reason ?? '', /The sender was told at/, said);
  }
  const dead = AT_RCPT.slice(0, DEAD).map((_, at) => `friend${at}@odd.test`);
  await eventually('the dead ones on the list', async () => (await met.suppressed()).length === DEAD);
  assert.deepEqual(await met.suppressed(), dead);
});

test('"no such user" in answer to MAIL: it is the sender whom they do not know, and the recipient is not suppressed', async () => {
  const met = await meet({ mail: () => '550 5.1.1 No such user here' }, 1);
  const row = await met.whyOf(0);
  assert.equal(row.state, 'bounced');
  assert.equal(row.explanation?.rule, 'sender-not-found');
  assert.match(row.explanation?.meaning ?? '', /does not accept the sender's address/);
  const { events } = await met.world.trace(row.id);
  assert.match(events.find(({ name }) => name === 'recipient.bounced')?.explanation?.meaning ?? '', /the sender's address/);
  assert.deepEqual(await met.suppressed(), []);
});

test('a content refusal in plain words behind the final dot is returned at once, and the address may be written to again', async () => {
  const met = await meet({ content: (_view, text) => (text.includes('viagra') ? '554 Message rejected because of its content' : undefined) }, 0);
  const bad = await met.world.send({ to: 'friend@odd.test', body: 'viagra' });
  await met.world.quiet();
  const good = await met.world.send({ to: 'friend@odd.test' });
  await met.world.quiet();
  assert.deepEqual((await Promise.all([bad, good].map((id) => met.world.why(id)))).flat().map(({ state }) => state), ['bounced', 'delivered']);
});

test('refused for good in words that tell nothing: the delay notice does not promise five days', async () => {
  const met = await meet({ rcpt: () => '554 rejected' }, 1);
  await met.world.passTime(36 * HOUR, 30 * MINUTE);
  assert.equal((await met.whyOf(0)).state, 'bounced');
  const [delayed, returned] = await toldToSender(met);
  assert.match(delayed ?? '', /in words that do not tell whom they mean.* It is tried a few times more\. If the answer stays the same, it is returned to you\./);
  assert.doesNotMatch(`${delayed} ${returned}`, /If it cannot be delivered by|rule/);
});

test('530 of a server that MX records name: sender and administrator read that it asks for a log-in, not of words that nobody knows', async () => {
  const met = await meet({ mail: () => '530 5.7.0 Authentication required' }, 1);
  assert.match((await met.whyOf(0)).explanation?.meaning ?? '', /^mx\.odd\.test asks for a log-in, which one mail server does not ask of another/);
  await met.world.passTime(36 * HOUR, 30 * MINUTE);
  const row = await met.whyOf(0);
  assert.equal(row.state, 'bounced');
  assert.match(row.explanation?.meaning ?? '', /has refused it 6 times since .*, asking for a log-in\./);
  assert.match((await toldToSender(met)).at(-1) ?? '', /The server wants us to log in.*tell its postmaster/);
});
