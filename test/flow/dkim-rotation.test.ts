/** A DKIM key changes over in the lab, from the first step to the last, while mail is sent that always verifies at its receivers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

interface Rotation {
  readonly algorithm: string;
  readonly phase: string;
  readonly oldSelector: string;
  readonly newSelector: string;
}

interface Inbox {
  readonly messages: readonly { readonly id: string; readonly dkim: string; readonly subject: string }[];
}

let lab: LabProcess;

before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

const rotations = async (): Promise<readonly Rotation[]> => (await lab.json<{ rotations: readonly Rotation[] }>(['dkim', 'rotate', 'status', 'example.org'])).rotations;

/** Until all are there; what the server does by itself takes the time that it takes. */
async function reached(phase: string): Promise<readonly Rotation[]> {
  return eventually(`all keys in phase ${phase}`, async () => {
    const rows = await rotations();
    return rows.length > 0 && rows.every((row) => row.phase === phase) && rows;
  });
}

/** Selectors that signed, of a message whose signatures all pass at Gmail. */
async function selectorsOf(subject: string): Promise<readonly string[]> {
  const sent = await lab.run(['send', '--from', 'alice@example.org', '--to', 'someone@gmail.com', '--subject', subject, '--text', 'Does it verify?']);
  assert.equal(sent.status, 0, sent.stderr);
  const message = await eventually(`"${subject}" at Gmail`, async () => (await lab.json<Inbox>(['lab', 'inbox', 'gmail'])).messages.find((each) => each.subject === subject));
  assert.equal(message.dkim, 'pass', subject);
  const { stdout } = await lab.run(['lab', 'inbox', 'gmail', '--raw', message.id]);
  return [...stdout.matchAll(/\bs=([a-z0-9]+);/g)].map((found) => found[1] as string).toSorted();
}

const advance = (by: string) => lab.json(['lab', 'clock', 'advance', by]);

describe('a DKIM key change in the lab', () => {
  it('goes through all its steps, and every message verifies', async () => {
    const old = await selectorsOf('before');
    await lab.json(['dkim', 'rotate', 'example.org']);
    const started = await rotations();
    const fresh = started.map(({ newSelector }) => newSelector).toSorted();
    assert.deepEqual(started.map(({ oldSelector }) => oldSelector).toSorted(), old);
    // The lab's DNS shows the records at once, and the server looks before it answers.
    await reached('waiting');
    assert.deepEqual(await selectorsOf('while everybody waits'), old);

    await advance('3h');
    await reached('overlapping');
    assert.deepEqual(await selectorsOf('with the new keys'), fresh);
    assert.equal((await lab.run(['dkim', 'check', 'example.org'])).status, 0, 'the old records are still there');

    await advance('8d');
    await reached('withdrawing');
    const { keys } = await lab.json<{ keys: readonly { selector: string }[] }>(['dkim', 'keys', 'example.org']);
    assert.deepEqual(keys.map(({ selector }) => selector).toSorted(), fresh);
    assert.deepEqual(await selectorsOf('at the end'), fresh);

    // Whoever looks after the DNS takes the records out: in the lab that happens with the next command on keys.
    await advance('25h');
    await reached('done');
  });

  it('tells the postmaster what is to be done', async () => {
    for (const subject of ['example.org signs with a new DKIM key', 'The old DKIM key of example.org may be taken out of the DNS']) {
      await eventually(`a note "${subject}"`, async () => (await lab.run(['mail', 'list', '--account', 'alice@example.org', '--json'])).stdout.includes(subject));
    }
  });

  it('is given up as long as the new key does not sign', async () => {
    await lab.json(['dkim', 'rotate', 'example.org']);
    const cancelled = await lab.json<{ selectors: readonly string[] }>(['dkim', 'rotate', 'cancel', 'example.org']);
    const { keys } = await lab.json<{ keys: readonly { selector: string }[] }>(['dkim', 'keys', 'example.org', '--no-look']);
    assert.ok(keys.every(({ selector }) => !cancelled.selectors.includes(selector)));
    assert.deepEqual(await rotations(), []);
    assert.equal((await lab.run(['dkim', 'rotate', 'cancel', 'example.org'])).status, 1);
  });

  it('refuses what makes no sense, in a sentence', async () => {
    for (const args of [['rotate'], ['rotate', 'example.org', '--all'], ['rotate', 'cancel'], ['rotate', 'a.example', 'b.example'], ['check', 'example.org', '--all']]) {
      assert.equal((await lab.run(['dkim', ...args])).status, 2, args.join(' '));
    }
    const unknown = await lab.run(['dkim', 'rotate', 'nobody.example']);
    assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
    assert.match(unknown.stderr, /is not a domain of this server/);
  });
});
