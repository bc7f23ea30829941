/** The guard in the lab, whose clock is advanced: something breaks, stays broken, is mended; something stumbles; something is known. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

interface Status {
  readonly watched: number;
  readonly lastRunAt?: number;
  readonly findings: readonly { readonly check: string; readonly subject: string; readonly level: string; readonly doubt?: object; readonly acknowledged?: object }[];
  readonly news: readonly { readonly kind: string; readonly check: string; readonly toldAt?: number }[];
}

let lab: LabProcess;
let alice: LabUser;
const status = (): Promise<Status> => alice.call<Status>('guard.status');
const scenario = (name: string, state: string) => alice.call('lab.scenario', { name, state });

/** Subjects of the notes in the postmaster's mailbox, which is Alice's. */
async function notes(): Promise<readonly string[]> {
  const { messages } = await lab.json<{ messages: readonly { subject: string }[] }>(['mail', 'list', '--account', 'alice@example.org']);
  return messages.map(({ subject }) => subject).filter((subject) => /mail may not arrive|mended/.test(subject));
}

/** All notes, once there are so many. */
function notesOnceThere(count: number): Promise<readonly string[]> {
  return eventually(`${count} notes`, async () => {
    const all = await notes();
    return all.length >= count && all;
  });
}

/** Some looks by command, an hour of the lab between two of them. */
async function look(times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    await alice.call('lab.clock', { advanceMs: 3_600_000 });
    await alice.call('guard.run');
  }
}

describe('the guard, run by command', () => {
  before(async () => {
    lab = await startLab({ settings: '[guard]\nevery = 0\n' });
    alice = new LabUser(lab);
  });
  after(() => lab.stop());

  it('watches everything and says nothing in good weather', async () => {
    await look(3);
    const found = await status();
    assert.ok(found.watched > 20, String(found.watched));
    assert.deepEqual(found.findings.filter(({ level }) => level === 'fail'), []);
    assert.deepEqual(found.news, []);
  });

  it('writes one mail about what breaks, however long it lasts, and one that it is mended', async () => {
    await scenario('dmarc-missing', 'on');
    await look(2);
    assert.deepEqual((await status()).news, []);
    await look(3);
    assert.deepEqual((await status()).findings.filter(({ level }) => level === 'fail').map(({ check }) => check), ['dmarc-record']);
    await scenario('dmarc-missing', 'off');
    await look(3);
    assert.deepEqual(await notesOnceThere(2), ['mail.example.org: mail may not arrive: DMARC record (example.org)', 'mail.example.org: DMARC record is mended']);
    assert.deepEqual((await status()).news.map(({ kind, check }) => `${kind} ${check}`), ['mended dmarc-record', 'worse dmarc-record']);
  });

  it('shows the score over time, and when the check changed', async () => {
    const { scores, changes } = await lab.json<{ scores: readonly { score: number }[]; changes: readonly { level: string }[] }>(['guard', 'history', 'example.org', '--check', 'dmarc-record']);
    assert.deepEqual(changes.map(({ level }) => level), ['pass', 'fail', 'pass']);
    assert.ok(scores.some(({ score }) => score < 9) && (scores[0]?.score ?? 0) > 9, JSON.stringify(scores));
  });

  it('says nothing of what was broken for a moment', async () => {
    const before = (await status()).news.length;
    await scenario('no-ptr', 'on');
    await look(1);
    assert.ok((await status()).findings.some(({ check, doubt }) => check === 'ptr' && doubt));
    await scenario('no-ptr', 'off');
    await look(3);
    assert.equal((await status()).news.length, before);
  });

  it('is silent about what is acknowledged', async () => {
    const before = (await status()).news.length;
    await scenario('dkim-missing', 'on');
    await look(1);
    const row = await lab.json<{ acknowledged?: object }>(['guard', 'acknowledge', 'dkim-published', 'example.org', '--reason', 'the zone moves today']);
    assert.ok(row.acknowledged);
    await look(3);
    await scenario('dkim-missing', 'off');
    await look(3);
    assert.equal((await status()).news.length, before);
    const refused = await lab.run(['guard', 'acknowledge', 'ptr', '192.0.2.99']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /the guard watches no "ptr" of 192\.0\.2\.99/);
  });

  it('tells monitoring how things are', async () => {
    const { stdout } = await lab.run(['metrics']);
    assert.match(stdout, /posthorn_doctor_score [\d.]+/);
    assert.match(stdout, /posthorn_doctor_checks\{level="fail"\} 0/);
    assert.match(stdout, /posthorn_guard_news_total\{kind="worse"\} 1/);
  });
});

describe('the guard and several faults at once', () => {
  before(async () => {
    lab = await startLab({ settings: '[guard]\nevery = 0\n' });
    alice = new LabUser(lab);
    await look(3);
  });
  after(() => lab.stop());

  const FAULTS = ['no-ptr', 'spf-missing', 'listed-ip'];
  const CHECKS = ['major-lists', 'ptr', 'spamhaus', 'spf-record'];
  const failing = async (): Promise<readonly string[]> => [...(await lab.run(['metrics'])).stdout.matchAll(/^posthorn_doctor_failing\{check="([^"]+)"/gm)].map(([, check]) => check ?? '').toSorted();

  it('tells each cause once, in one mail, and monitoring of causes only', async () => {
    for (const name of FAULTS) await scenario(name, 'on');
    await look(4);
    const { news } = await status();
    assert.deepEqual(news.map(({ kind, check }) => `${kind} ${check}`).filter((each) => !each.endsWith('helo-spf')).toSorted(), CHECKS.map((check) => `worse ${check}`));
    assert.equal((await notesOnceThere(1)).length, 1);
    assert.deepEqual(await failing(), CHECKS);
    for (const name of FAULTS) await scenario(name, 'off');
    await look(4);
    assert.deepEqual((await status()).findings.filter(({ level }) => level === 'fail'), []);
    assert.deepEqual(await failing(), []);
  });

  it('holds a week in which the name servers fail against nobody, and tells of it in one mail', async () => {
    const seen = (await status()).news.length;
    const days = async (count: number): Promise<void> => {
      for (let day = 0; day < count; day += 1) {
        await alice.call('lab.clock', { advanceMs: 86_400_000 });
        await alice.call('guard.run');
      }
    };
    await scenario('dns-servfail', 'on');
    await days(8);
    const unknown = await status();
    assert.ok(unknown.news.length > seen);
    assert.deepEqual(unknown.findings.filter(({ level }) => level === 'fail'), []);
    await scenario('dns-servfail', 'off');
    await days(2);
    const kinds = new Set((await status()).news.slice(0, (await status()).news.length - seen).map(({ kind }) => kind));
    assert.deepEqual([...kinds].filter((kind) => kind !== 'known-again' && kind !== 'unknown'), []);
    const told = await eventually('the end of it is told', async () => {
      const { messages } = await lab.json<{ messages: readonly { subject: string }[] }>(['mail', 'list', '--account', 'alice@example.org']);
      const subjects = messages.map(({ subject }) => subject.replace(/\d+/, 'N')).filter((subject) => subject.includes('checks'));
      return subjects.length >= 2 && subjects;
    });
    assert.deepEqual(told, ['mail.example.org: N checks could not be made for days', 'mail.example.org: N checks can be made again']);
  });
});

describe('the guard by itself', () => {
  before(async () => {
    lab = await startLab();
    alice = new LabUser(lab);
  });
  after(() => lab.stop());

  it('examines each day, and asks again about what it doubts, with no command at all', async () => {
    await eventually('the first examination', async () => {
      await alice.call('lab.clock', { advanceMs: 31 * 60_000 });
      return (await status()).lastRunAt !== undefined;
    });
    await scenario('dmarc-missing', 'on');
    await alice.call('lab.clock', { advanceMs: 86_400_000 });
    await eventually('the note', async () => {
      await alice.call('lab.clock', { advanceMs: 31 * 60_000 });
      return (await notes()).length > 0;
    });
    const first = (await status()).lastRunAt ?? 0;
    await eventually('two days more', async () => {
      await alice.call('lab.clock', { advanceMs: 43_200_000 });
      return ((await status()).lastRunAt ?? 0) > first + 2 * 86_400_000;
    });
    assert.deepEqual((await notes()).length, 1);
  });
});

describe('the guard over a restart', () => {
  it('remembers what it doubts', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'posthorn-guard-'));
    const start = async (): Promise<LabProcess> => {
      const started = await startLab({ dir, settings: '[guard]\nevery = 0\n' });
      alice = new LabUser(started);
      return started;
    };
    let second = await start();
    try {
      await look(1);
      await scenario('dmarc-missing', 'on');
      await look(1);
      const before = (await status()).findings.filter(({ doubt }) => doubt);
      assert.ok(before.some(({ check }) => check === 'dmarc-record'));
      await second.stop();
      second = await start();
      assert.deepEqual((await status()).findings.filter(({ doubt }) => doubt), before);
    } finally {
      await second.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
