/** A lab that is started again in its folder: what waited goes on as if nothing had been. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freeLoopback } from '../harness/free-place.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

test('what waited over a restart of the lab is not tried before its DNS has our records', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-again-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  // The lab's addresses are what its sites remember.
  const loopback = await freeLoopback();
  const first = await startLab({ dir, loopback });
  const ids: string[] = [];
  try {
    assert.equal((await first.run(['queue', 'pause', '--site', 'yahoo'])).status, 0);
    const alice = new LabUser(first);
    for (const name of ['one', 'two', 'three']) ids.push(await alice.submit({ to: `${name}@yahoo.com`, subject: name }));
  } finally {
    await first.stop();
  }
  assert.equal((await first.run(['queue', 'resume', '--site', 'yahoo'])).status, 0);
  const second = await startLab({ dir, loopback });
  t.after(() => second.stop());
  const again = new LabUser(second);
  for (const id of ids) {
    assert.equal((await again.attempted(id)).event.name, 'recipient.delivered');
  }
});

interface Addresses {
  readonly ips: readonly { readonly lanes: readonly { readonly key: { readonly site: string }; readonly state: string }[] }[];
}

test('a site that refuses us is remembered over a restart', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-again-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  // The lab's addresses are what its sites remember.
  const loopback = await freeLoopback();
  const first = await startLab({ dir, loopback });
  const stateOfYahoo = async (lab: LabProcess): Promise<string | undefined> => (await lab.json<Addresses>(['ip', 'list'])).ips[0]?.lanes.find(({ key }) => key.site === 'yahoo')?.state;
  try {
    await first.json(['lab', 'scenario', 'listed-ip', 'on']);
    const alice = new LabUser(first);
    await alice.attempted(await alice.submit({ to: 'one@yahoo.com', subject: 'refused' }));
    assert.equal(await stateOfYahoo(first), 'blocked');
  } finally {
    await first.stop();
  }
  const second = await startLab({ dir, loopback });
  t.after(() => second.stop());
  assert.equal(await stateOfYahoo(second), 'blocked');
});
