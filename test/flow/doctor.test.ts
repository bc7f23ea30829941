/** The doctor against the lab, in which one thing at a time is broken. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

interface Examination {
  readonly score: number;
  readonly results: readonly { readonly check: string; readonly level: string; readonly text: string; readonly record?: string; readonly causedBy?: string }[];
}

let lab: LabProcess;

before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

/** Ids of checks that failed, consequences of others left out. */
async function failed(): Promise<readonly string[]> {
  const { stdout, stderr } = await lab.run(['doctor', '--json']);
  assert.ok(stdout.startsWith('{'), stderr);
  const { results } = JSON.parse(stdout) as Examination;
  return results.filter(({ level, causedBy }) => level === 'fail' && causedBy === undefined).map(({ check }) => check).toSorted();
}

describe('posthorn doctor in the lab', () => {
  it('finds nothing wrong in good weather, and knows everything', async () => {
    assert.deepEqual(await failed(), []);
    const { results } = await lab.json<Examination>(['doctor']);
    assert.deepEqual(results.filter(({ level }) => level === 'unknown').map(({ check }) => check), []);
  });

  for (const [scenario, checks] of [
    ['no-ptr', ['ptr']],
    ['dynamic-ptr', ['static-address']],
    ['listed-ip', ['major-lists', 'spamhaus']],
    ['spf-missing', ['spf-record']],
    ['spf-fail', ['helo-spf', 'spf-own']],
    ['dkim-broken', ['dkim-published']],
    ['dkim-missing', ['dkim-published']],
    ['dmarc-missing', ['dmarc-record']],
    ['young-domain', ['domain-age']],
    ['route-invalid', ['route-origin']],
    ['unsafe-site', ['safe-browsing']],
    ['firewall', ['port-25-in']],
  ] as const) {
    it(`finds what is wrong with ${scenario}`, async () => {
      await lab.run(['lab', 'scenario', scenario, 'on']);
      try {
        assert.deepEqual(await failed(), checks);
      } finally {
        await lab.run(['lab', 'scenario', scenario, 'off']);
      }
    });
  }
});
