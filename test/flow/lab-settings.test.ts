/** What `posthorn lab --settings` rehearses: certificates of one's own, a router with another address; what it cannot it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Examination } from '../../src/doctor/examination.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { freeLoopback } from '../harness/free-place.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ph-lab-settings-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function textOf(lab: LabProcess, check: string): Promise<string> {
  const { results } = await lab.json<Examination>(['doctor', '--only', check]);
  return results.map(({ level, text }) => `${level}: ${text}`).join('\n');
}

/** A lab with a certificate of its own, which it trusts. */
async function withCertificate(t: TestContext, name: string, days: number): Promise<{ readonly lab: LabProcess; readonly file: string; readonly pem: string }> {
  const [file, key] = ['certificate.pem', 'key.pem'].map((each) => join(folder(t), each)) as [string, string];
  const made = createCertificate({ subject: name, altNames: [name], days });
  writeFileSync(file, made.certificatePem);
  writeFileSync(key, made.keyPem, { mode: 0o600 });
  const lab = await startLab({ settings: `[tls]\ncertificate = "${file}"\nkey = "${key}"\n[outbound]\nca-file = "${file}"\n` });
  t.after(() => lab.stop());
  return { lab, file, pem: made.certificatePem };
}

describe('posthorn lab --settings', () => {
  it('shows a certificate of another name to the doctor, and leaves its file as it is', async (t) => {
    const { lab, file, pem } = await withCertificate(t, 'other.example', 90);
    assert.match(await textOf(lab, 'certificate'), /^fail: The certificate of \w+ does not name mail\.example\.org\.$/);
    assert.match(await textOf(lab, 'discovery'), /its certificate does not name mail\.example\.org\./);
    await lab.run(['domain', 'add', 'more.example']);
    assert.equal(readFileSync(file, 'utf8'), pem);
  });

  it('shows a certificate that has expired', async (t) => {
    const { lab } = await withCertificate(t, 'mail.example.org', -1);
    assert.match(await textOf(lab, 'certificate'), /^fail: The certificate of \w+ expired on \d{4}-\d\d-\d\d\.$/);
    assert.match(await textOf(lab, 'discovery'), /gave Outlook no settings: its certificate has expired\./);
  });

  it('plays the router of a server behind NAT: records and receivers know the public address alone', async (t) => {
    const loopback = await freeLoopback();
    const address = (last: number): string => loopback.replace(/0$/, `${last}`);
    const lab = await startLab({ loopback, settings: `[[outbound.ip]]\naddress = "${address(10)}"\npublic-address = "${address(12)}"\n` });
    t.after(() => lab.stop());
    const { results } = await lab.json<Examination>(['doctor']);
    assert.deepEqual(results.filter(({ level }) => level === 'fail'), []);
    assert.equal(await textOf(lab, 'ptr'), `pass: ${address(12)} is called mail.example.org.`);
    const { records } = await lab.json<{ readonly records: readonly { readonly value: string }[] }>(['dns', 'records', 'example.org']);
    assert.ok(records.some(({ value }) => value.includes(`ip4:${address(12)}`)) && !records.some(({ value }) => value.includes(address(10))));
  });

  it('refuses in a sentence what the lab cannot rehearse', async () => {
    for (const [settings, text] of [
      ['hostname = "mx.example.net"\n', /--settings: hostname cannot be replaced/],
      ['data-dir = "/nowhere"\n', /--settings: data-dir cannot be replaced: name the folder of the lab with --dir/],
      ['[dns]\nservers = ["192.0.2.53"]\n', /--settings: dns\.servers names 192\.0\.2\.53, which is outside of the lab/],
      ['[listen]\nsmtp = []\n', /--settings: listen\.smtp must keep "127\.\d+\.0\.1:2025"/],
      ['[[outbound.ip]]\naddress = "10.0.0.5"\n', /--settings: outbound\.ip names 10\.0\.0\.5, .*rehearse NAT with address = /],
    ] as const) await assert.rejects(startLab({ settings }), text, settings);
  });
});
