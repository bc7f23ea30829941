/** The guard in the lab, whose clock is advanced: something breaks, stays broken, is mended; and something flaps. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

interface Status {
  readonly watched: number;
  readonly lastRunAt?: number;
  readonly findings: readonly { readonly check: string; readonly subject: string; readonly level: string; readonly doubt?: object; readonly acknowledged?: object }[];
  readonly news: readonly { readonly kind: string; readonly check: string; readonly toldAt?: number }[];
}

interface Run {
  readonly examined: number;
  readonly told: number;
  readonly score?: number;
}

let lab: LabProcess;

before(async () => {
  // The guard is run by command, so that the test knows when it has looked; its own turns are shown in the last test.
  lab = await startLab({ settings: '[guard]\nevery = 0\n' });
});
after(() => lab.stop());

const status = (): Promise<Status> => lab.json<Status>(['guard', 'status']);
const scenario = (name: string, state: string) => lab.json(['lab', 'scenario', name, state]);

/** Some looks, an hour of the lab between two of them. */
async function look(times: number): Promise<number> {
  let told = 0;
  for (let at = 0; at < times; at += 1) {
    await lab.json(['lab', 'clock', 'advance', '1h']);
    told += (await lab.json<Run>(['guard', 'run'])).told;
  }
  return told;
}

describe('the guard in the lab', () => {
  it('watches everything and says nothing in good weather', async () => {
    assert.equal(await look(4), 0);
    const found = await status();
    assert.ok(found.watched > 20, String(found.watched));
    assert.deepEqual(found.findings.filter(({ level }) => level === 'fail'), []);
  });

  it('tells once what breaks, and once that it is mended', async () => {
    await scenario('spf-missing', 'on');
    assert.equal(await look(2), 0);
    assert.equal(await look(6), 1);
    assert.deepEqual((await status()).findings.filter(({ level }) => level === 'fail').map(({ check }) => check), ['spf-record']);
    await scenario('spf-missing', 'off');
    assert.equal(await look(6), 1);
    assert.deepEqual((await status()).news.map(({ kind, check }) => `${kind} ${check}`), ['mended spf-record', 'worse spf-record']);
  });

  it('says nothing of what was broken for a moment', async () => {
    await scenario('dmarc-missing', 'on');
    assert.equal(await look(1), 0);
    await scenario('dmarc-missing', 'off');
    assert.equal(await look(4), 0);
  });
});
