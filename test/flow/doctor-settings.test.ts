/** Faults of this server's own settings, found over real connections by the command itself. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Examination } from '../../src/doctor/examination.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;

before(async () => {
  lab = await startLab({ settings: '[doctor]\nprober = "https://stat.ripe.net/port25"\n' });
});
after(() => lab.stop());

/** With these changes to the configuration that the command reads; the server goes on with its own. */
async function examined(change: (toml: string) => string, only: readonly string[]): Promise<Record<string, string>> {
  const file = join(lab.ready.dir, 'changed.toml');
  writeFileSync(file, change(readFileSync(lab.ready.config, 'utf8')));
  try {
    const { stdout } = await lab.run(['doctor', '--json', '--only', ...only, '--config', file]);
    const { results } = JSON.parse(stdout) as Examination;
    return Object.fromEntries(results.map(({ check, level }) => [check, level]));
  } finally {
    rmSync(file);
  }
}

describe('posthorn doctor with settings that are wrong', () => {
  it('finds a prober that cannot be understood, and holds nothing against port 25', async () => {
    assert.deepEqual(await examined((toml) => toml, ['port-25-in']), { 'port-25-in': 'unknown' });
  });

  it('dials its own door as a stranger, and is refused', async () => {
    assert.deepEqual(await examined((toml) => toml, ['open-relay', 'starttls']), { 'open-relay': 'pass', starttls: 'pass' });
  });

  it('finds a certificate that nobody trusts', async () => {
    const made = createCertificate({ subject: 'other.example', altNames: ['other.example'], days: 90 });
    const ca = join(lab.ready.dir, 'other-ca.pem');
    writeFileSync(ca, made.certificatePem);
    assert.deepEqual(await examined((toml) => toml.replace(/^ca-file = .*$/m, `ca-file = ${JSON.stringify(ca)}`), ['certificate']), { certificate: 'fail' });
  });
});

it('posthorn doctor finds a server that carries mail for everybody', async () => {
  const open = await startLab({ settings: '[networks]\ntrusted = ["0.0.0.0/0"]\n' });
  try {
    const { stdout, status } = await open.run(['doctor', '--json']);
    const { results, score } = JSON.parse(stdout) as Examination;
    assert.deepEqual(results.filter(({ level }) => level === 'fail').map(({ check }) => check), ['open-relay']);
    assert.deepEqual([score, status], [1, 1]);
  } finally {
    await open.stop();
  }
});
