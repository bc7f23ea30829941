/** DANE, MTA-STS and REQUIRETLS end to end: a real server in the lab, from submission to what an administrator sees. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TlsPolicyFacts } from '../../src/contract/tls-policy.ts';
import type { TlsPolicyListing } from '../../src/manage/tls/tls.ts';
import type { TlsCheck } from '../../src/manage/tls/tls-check.ts';
import type { TraceEvent } from '../../src/manage/trace/trace-result.ts';
import type { TlsReport } from '../../src/manage/tls/tls-report.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

const HANDSHAKE_MS = 61_000;
const dir = mkdtempSync(join(tmpdir(), 'posthorn-lab-tls-'));
let lab: LabProcess;
let alice: LabUser;
before(async () => {
  lab = await startLab({ dir });
  alice = new LabUser(lab);
});
after(async () => {
  alice?.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function policyOf(to: string): Promise<TlsPolicyFacts | undefined> {
  const { event } = await alice.delivered(await alice.submit({ to, subject: 'policy' }));
  return event.data['tlsPolicy'] as TlsPolicyFacts | undefined;
}

test('each attempt says which policy held and how it was met', async () => {
  assert.deepEqual(await policyOf('a@gmx.net'), { policy: 'dane', source: 'the TLSA records of mx00.gmx.net (DANE)', verifiedBy: 'dane-ee' });
  assert.deepEqual(await policyOf('a@example.net'), { policy: 'mta-sts', source: 'the MTA-STS policy of example.net', verifiedBy: 'pkix' });
  assert.deepEqual(await policyOf('a@gmail.com'), { policy: 'encrypt', source: 'the profile of its site', verifiedBy: 'pkix' });
  assert.equal((await policyOf('a@outlook.com'))?.policy, 'opportunistic');
  const { stdout } = await lab.run(['trace', 'a@gmx.net']);
  assert.match(stdout, /TLS required by the TLSA records of mx00\.gmx\.net \(DANE\); certificate accepted/);
});

test('REQUIRETLS: delivered where DANE or MTA-STS vouch for the host, returned where nobody does', async () => {
  const outcome = async (to: string): Promise<string> => {
    const { state, event } = await alice.attempted(await alice.submit({ to, subject: 'secret', mailParameters: 'REQUIRETLS' }));
    const { code, enhanced } = event.data['reply'] as { code: number; enhanced?: string };
    return `${state} ${code} ${enhanced ?? '-'}`;
  };
  assert.equal(await outcome('b@gmx.net'), 'delivered 250 -');
  assert.equal(await outcome('b@example.net'), 'delivered 250 2.0.0');
  assert.equal(await outcome('b@gmail.com'), 'bounced 550 5.7.30');
});

test('tls check tells what is published, the level, and what is wrong', async () => {
  const levels = async (domain: string): Promise<string[]> => (await lab.json<TlsCheck>(['tls', 'check', domain])).hosts.map(({ host, level }) => `${host} ${level}`);
  assert.deepEqual(await levels('gmx.net'), ['mx00.gmx.net dane']);
  assert.deepEqual(await levels('example.net'), ['mx.example.net mta-sts']);
  assert.deepEqual(await levels('gmail.com'), ['gmail-smtp-in.l.google.com opportunistic']);
  await alice.weather(['mta-sts-mx-mismatch'], 'on');
  const wrong = await lab.run(['tls', 'check', 'example.net']);
  await alice.weather(['mta-sts-mx-mismatch'], 'off');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, /mx\.example\.net cannot be used: the MTA-STS policy of example\.net does not name it/);
  assert.match(wrong.stdout, /a policy \(enforce\) is kept until/);
});

test('report tls gives the report of RFC 8460', async () => {
  await alice.weather(['dane-mismatch'], 'on');
  await alice.attempted(await alice.submit({ to: 'c@gmx.net', subject: 'mismatch' }));
  await alice.weather(['dane-mismatch'], 'off');
  const reports = await lab.json<TlsReport[]>(['report', 'tls', 'gmx.net']);
  assert.equal(reports.length, 1);
  const policies = reports[0]?.policies ?? [];
  assert.ok(policies.every(({ policy }) => policy['policy-type'] === 'tlsa' && policy['policy-domain'] === 'gmx.net'));
  const failures = policies.flatMap((each) => each['failure-details'] ?? []);
  assert.deepEqual(failures.map((each) => [each['result-type'], each['receiving-mx-hostname'], each['failed-session-count']]), [['validation-failure', 'mx00.gmx.net', 1]]);
  assert.ok(policies.some(({ summary }) => summary['total-successful-session-count'] > 0));
  assert.match((await lab.run(['report', 'tls'])).stdout, /gmx\.net +tlsa +validation-failure +1 +mx00\.gmx\.net/);
  assert.equal((await lab.run(['report', 'tls', '--day', 'yesterday'])).status, 2);
});

test('a handshake that stalls has an end: in the clear where TLS is not a must, later where it is', async () => {
  // Whatever an attempt is waiting for when the clock goes on, it comes round to the handshake in the end.
  const until = async (to: string, wanted: (event: TraceEvent) => boolean): Promise<void> => {
    const id = await alice.submit({ to, subject: 'stalled' });
    await eventually(`the handshake of ${to} ends`, async () => {
      if ((await alice.trace(id)).events.some(wanted)) return true;
      await alice.passTime(HANDSHAKE_MS);
      return false;
    });
  };
  const problem = ({ data }: TraceEvent): string => (data['tlsPolicy'] as TlsPolicyFacts | undefined)?.problem ?? '';
  await alice.weather(['tls-stall'], 'on');
  await until('e@outlook.com', (event) => event.name === 'recipient.delivered' && /took too long/.test(problem(event)));
  await until('e@example.net', (event) => event.name === 'recipient.deferred' && /took too long/.test(problem(event)));
  await alice.weather(['tls-stall'], 'off');
});

test('a policy is kept over a restart, listed and forgotten', async () => {
  alice.close();
  await lab.stop();
  lab = await startLab({ dir });
  alice = new LabUser(lab);
  const kept = async (): Promise<string[]> => (await lab.json<TlsPolicyListing>(['tls', 'policy', 'list'])).policies.map(({ domain, policy }) => `${domain} ${policy.mode}`);
  assert.deepEqual(await kept(), ['example.net enforce']);
  assert.equal((await lab.run(['tls', 'policy', 'forget', 'example.net'])).status, 0);
  assert.equal((await lab.run(['tls', 'policy', 'forget', 'example.net'])).status, 1);
  assert.deepEqual(await kept(), []);
  assert.equal((await policyOf('d@example.net'))?.policy, 'mta-sts');
  assert.deepEqual(await kept(), ['example.net enforce']);
});
