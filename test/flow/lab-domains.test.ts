/** A domain that is added in the lab is as good as the one that is there: records, certificate, settings. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;
before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

it('a domain added in the lab fails no check of the doctor, and mail programs find its settings', async () => {
  await lab.run(['domain', 'add', 'second.example']);
  const { results } = await lab.json<{ results: readonly { check: string; level: string; text: string }[] }>(['doctor', 'second.example']);
  assert.deepEqual(results.filter(({ level }) => level === 'fail'), []);
  assert.equal(results.find(({ check }) => check === 'discovery')?.level, 'pass');
});
