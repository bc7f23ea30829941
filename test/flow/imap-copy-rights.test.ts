/** What COPY and MOVE carry into a folder of somebody else is what the user may set there: RFC 4314 §4. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { withImap } from '../harness/imap-kit.ts';

const TEAM = 'Shared/alice@example.org/Team';
const MESSAGE = 'Subject: a\r\n\r\n';

async function append(client: ImapDialogue, mailbox: string, flags: string): Promise<void> {
  assert.match(await client.result(`APPEND ${mailbox} (${flags}) {${MESSAGE.length}+}\r\n${MESSAGE}`), /^OK/);
}

async function flagsIn(client: ImapDialogue, mailbox: string): Promise<readonly string[]> {
  await client.say(`EXAMINE ${mailbox}`);
  const lines = await client.say('FETCH 1:* (FLAGS)');
  return lines.slice(0, -1).map((line) => (/FLAGS \((.*?)\)/.exec(line)?.[1] ?? '').split(' ').filter((flag) => flag !== '\\Recent' && flag !== '').sort().join(' '));
}

for (const verb of ['COPY', 'MOVE']) {
  test(`${verb} leaves flags behind that the user may not set, and the counters know it`, () =>
    withImap({}, async (kit) => {
      const alice = await kit.client();
      const bob = await kit.client('bob@example.org');
      await alice.say('CREATE Team');
      await append(alice, 'Team', '\\Seen \\Deleted hers');
      const cases: readonly (readonly [rights: string, kept: string])[] = [
        ['lri', ''],
        ['lris', '\\Seen'],
        ['lrit', '\\Deleted'],
        ['lriw', '\\Flagged his'],
        ['lriswt', '\\Deleted \\Flagged \\Seen his'],
      ];
      for (const [rights] of cases) {
        await alice.say(`SETACL Team bob@example.org ${rights}`);
        await append(bob, 'INBOX', '\\Seen \\Deleted \\Flagged his');
        await append(bob, 'INBOX', '\\Seen');
        await bob.say('SELECT INBOX');
        assert.match(await bob.result(`${verb} 1 ${TEAM}`), /^OK/);
        await bob.say('STORE 1:* +FLAGS (\\Deleted)');
        await bob.say('EXPUNGE');
      }
      assert.deepEqual(await flagsIn(alice, 'Team'), ['\\Deleted \\Seen hers', ...cases.map(([, kept]) => kept)]);
      assert.deepEqual((await alice.say('STATUS Team (MESSAGES UNSEEN DELETED)'))[0], '* STATUS Team (MESSAGES 6 UNSEEN 3 DELETED 3)');
      await bob.say('SELECT INBOX');
      await append(bob, 'INBOX', '\\Seen');
      await alice.say('SELECT Team');
      assert.match(await alice.result('STORE 1:* +FLAGS (\\Deleted)'), /^OK/);
      assert.match(await alice.result('EXPUNGE'), /^OK/);
      assert.deepEqual((await alice.say('STATUS Team (MESSAGES UNSEEN DELETED)'))[0], '* STATUS Team (MESSAGES 0 UNSEEN 0 DELETED 0)');
    }));
}
