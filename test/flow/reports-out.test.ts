/** Reports to others, in the lab with its fast clock: mail comes in and goes out, a day passes, and each domain that asks is told once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readReportMessage } from '../../src/verify/reports/report-file.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

interface Arrived {
  readonly id: string;
  readonly subject: string;
  readonly rcptTo: readonly string[];
  readonly dmarc: string;
}

interface Sent {
  readonly kind: string;
  readonly domain: string;
  readonly destination: string;
  readonly state: string;
  readonly delivery?: string;
  readonly messageId: string;
}

const DAY_MS = 86_400_000;
let lab: LabProcess;
let user: LabUser;

before(async () => {
  lab = await startLab();
  user = new LabUser(lab);
  // Noon of the next day: no midnight comes in between.
  await user.passTime(1.5 * DAY_MS - ((await clockOf()) % DAY_MS));
});
after(async () => {
  user.close();
  await lab.stop();
});

async function inbox(provider: string): Promise<readonly Arrived[]> {
  const { messages } = await user.call<{ messages: readonly Arrived[] }>('lab.inbox', { provider });
  return messages.filter(({ subject }) => subject.startsWith('Report Domain:'));
}

async function raw(provider: string, id: string): Promise<Buffer> {
  return Buffer.from((await user.call<{ raw: string }>('lab.inbox', { provider, raw: id })).raw, 'base64');
}

/** Of the lab, milliseconds since 1970. */
async function clockOf(): Promise<number> {
  return (await user.trace(await user.submit({ to: 'alice@example.org', subject: 'time' }))).events[0]?.at ?? assert.fail();
}

function sent(): Promise<readonly Sent[]> {
  return lab.json<readonly Sent[]>(['report', 'sent']);
}

describe('reports to others', () => {
  it('the next day each policy domain is told how its mail fared', async () => {
    for (const as of ['good', 'good', 'forged', 'forged-quarantine', 'forged-none']) await user.call('lab.deliver', { as, to: 'alice@example.org' });
    const id = await user.submit({ to: 'inbox@example.net', subject: 'Hello' });
    await user.delivered(id);
    await user.passTime(DAY_MS);
    const arrived = await eventually('three DMARC reports', async () => { const all = await inbox('outside'); return all.length >= 3 && all; });
    assert.deepEqual(arrived.map(({ rcptTo }) => rcptTo.join()).sort(), ['dmarc@bank.example', 'dmarc@good.example', 'reports@good.example']);
    // RFC 9990 §3.5.1: the report itself passes DMARC.
    assert.deepEqual(new Set(arrived.map(({ dmarc }) => dmarc)), new Set(['pass']));
    const figures = await Promise.all(arrived.map(async (message) => {
      const [found] = await readReportMessage(await raw('outside', message.id));
      const { head, messages, sources } = found?.kind === 'dmarc' ? found.report : assert.fail(JSON.stringify(found));
      assert.equal(head.reporter, 'mail.example.org');
      assert.equal(head.end - head.begin, DAY_MS - 1000);
      return `${head.domain} p=${head.policy.p}: ${messages}, passed ${sources.map(({ passed }) => passed).join()}, refused ${sources.map(({ rejected }) => rejected).join()}, junk ${sources.map(({ quarantined }) => quarantined).join()}`;
    }));
    assert.deepEqual(figures.sort(), [
      'bank.example p=reject: 1, passed 0, refused 1, junk 0',
      'good.example p=reject: 2, passed 2, refused 0, junk 0',
      'quarantine.example p=quarantine: 1, passed 0, refused 0, junk 1',
    ]);
  });

  it('who never agreed to get reports about others gets none', async () => {
    const quiet = await eventually('an outcome', async () => (await sent()).find(({ domain }) => domain === 'quiet.example'));
    assert.equal(quiet.state, 'refused');
    assert.equal(quiet.destination, 'mailto:victim@plain.example');
  });

  it('a domain that we sent to is told about its TLS', async () => {
    const [report] = await eventually('a TLS report', async () => { const all = await inbox('example.net'); return all.length > 0 && all; });
    const content = await raw('example.net', report?.id ?? '');
    assert.match(content.toString(), /^TLS-Report-Domain: example\.net\r\nTLS-Report-Submitter: mail\.example\.org\r\nTLS-Required: No\r\n/m);
    const { event } = await user.delivered((await sent()).find(({ kind }) => kind === 'tls')?.messageId ?? '');
    assert.match(JSON.stringify(event), /its author \(TLS-Required: No\)/);
    const [found] = await readReportMessage(content);
    const { policies } = found?.kind === 'tls' ? found.report : assert.fail(JSON.stringify(found));
    assert.deepEqual(policies.map(({ type, domain, successes, failures }) => ({ type, domain, successes, failures })), [{ type: 'sts', domain: 'example.net', successes: 1, failures: 0 }]);
  });

  it('a day is sent by hand once it is over, and only what did not go out', async () => {
    const day = new Date(await clockOf()).toISOString().slice(0, 10);
    const early = await lab.run(['report', 'send', '--day', day]);
    assert.deepEqual([early.status, /is not over: a report is about a whole day/.test(early.stderr), early.stdout], [1, true, '']);
    for (const args of [['--day', 'yesterday'], ['--kind', 'arf']]) assert.equal((await lab.run(['report', 'send', ...args])).status, 2);
    for (const other of ['2026-02-31', '1999-01-01']) assert.equal((await lab.run(['report', 'send', '--day', other])).status, 1);
    assert.deepEqual(await lab.json(['report', 'send']), []);
  });

  it('nobody is told twice, and reports make no reports', async () => {
    const before = (await sent()).filter(({ state }) => state === 'sent').length;
    await user.passTime(2 * DAY_MS);
    await user.passTime(60_000);
    const jobs = await eventually('a look at the days after', async () => { const rows = await sent(); return rows.every(({ state, delivery }) => state !== 'sent' || delivery === 'delivered') && rows; });
    assert.equal(jobs.filter(({ state }) => state === 'sent').length, before);
    assert.equal((await inbox('outside')).length, 3);
    assert.equal((await inbox('example.net')).length, 1);
  });
});
