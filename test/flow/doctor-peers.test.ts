/** What Debian's spfquery (Mail::SPF) says of the same broken zone. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { openLabDoctor, type LabDoctor } from '../harness/lab-doctor.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

const version = spawnSync('spfquery', ['--version'], { encoding: 'utf8' });
const skip = version.error || !/Mail::SPF/.test(version.stdout) ? 'spfquery of Mail::SPF is not installed (Debian: spf-tools-perl)' : false;

/** The record of example.org, with IP for our address; what both say. */
const CASES = [
  ['v=spf1 ip4:IP ~all', 'pass'],
  ['v=spf1 a:mail.example.org -all', 'pass'],
  ['v=spf1 ip4:198.51.100.1 -all', 'fail'],
  ['v=spf1 ip4:198.51.100.1 ~all', 'softfail'],
  ['v=spf1 ip4:198.51.100.1 ?all', 'neutral'],
  ['v=spf1 ipv4:IP ~all', 'permerror'],
  [`v=spf1 ${'a:ns1.example.org '.repeat(11)}ip4:IP ~all`, 'permerror'],
] as const;

/** By what of the doctor each result is told: our address does not pass, or the record is wrong. */
const TOLD_BY = { pass: [], fail: ['spf-own'], softfail: ['spf-own'], neutral: ['spf-own', 'spf-syntax'], permerror: ['spf-own', 'spf-syntax', 'spf-lookups'] } as const;

describe('the doctor and spfquery', { skip }, () => {
  let lab: LabProcess;
  let doctor: LabDoctor;
  let ip = '';

  before(async () => {
    lab = await startLab();
    doctor = await openLabDoctor(lab);
    ip = doctor.facts.addresses[0]?.address ?? '';
  });
  after(() => lab?.stop());

  function spfquery(): Promise<string> {
    const env = { ...process.env, RES_NAMESERVERS: lab.ready.dns.host, RES_OPTIONS: `port:${lab.ready.dns.port}` };
    return new Promise((resolve) => {
      // Its exit status names the result, too.
      execFile('spfquery', ['--scope', 'mfrom', '--id', 'postmaster@example.org', '--ip', ip, '--helo-id', 'mail.example.org'], { env, timeout: 60_000 }, (_error, stdout) => resolve(stdout.split('\n')[0] ?? ''));
    });
  }

  for (const [record, result] of CASES) {
    it(`agree on ${result}: ${record.slice(0, 50)}`, async () => {
      const value = record.replace('IP', ip);
      const records = [['example.org', 'TXT', [value]]] as const;
      const theirs = await doctor.whileBroken(records, spfquery);
      const ours = await doctor.troubleWith(records);
      assert.equal(theirs, result);
      const told = Object.keys(ours).filter((check) => ['spf-own', 'spf-syntax', 'spf-lookups'].includes(check));
      assert.equal(told.length > 0, result !== 'pass', told.join(' '));
      assert.ok(told.every((check) => (TOLD_BY[result] as readonly string[]).includes(check)), told.join(' '));
    });
  }
});
