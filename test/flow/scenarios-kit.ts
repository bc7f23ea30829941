/**
 * What one scenario does to a real message of a real server, as data, and the test of one such row: the reply, the state,
 * the rule that explains it in trace, in the queue and in the report, and the recovery when the weather is fine again.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { QueueExplanation } from '../../src/manage/queue/queue.ts';
import type { TraceEvent } from '../../src/manage/trace/trace-result.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser, type Letter } from '../harness/lab-user.ts';

export interface Row {
  /** Scenarios that are on. */
  readonly on: readonly string[];
  readonly to: string;
  /** `queued` is deferred. */
  readonly state: 'bounced' | 'queued' | 'delivered';
  /** `code enhanced text` of the reply, lines joined by '\n'. */
  readonly reply: RegExp;
  /** The rule that must explain it; none for what was delivered. */
  readonly rule?: string;
  readonly letter?: Partial<Letter>;
  /** The scenario takes time: the clock of the lab is moved on, by so much at once, until there is an outcome. */
  readonly stepMs?: number;
}

export function bounced(on: string, to: string, reply: RegExp, rule: string): Row {
  return { on: on.split(' '), to, state: 'bounced', reply, rule };
}

export function deferred(on: string, to: string, reply: RegExp, rule: string): Row {
  return { on: on.split(' '), to, state: 'queued', reply, rule };
}

export function delivered(on: string, to: string, letter: Partial<Letter> = {}): Row {
  return { on: on.split(' '), to, state: 'delivered', reply: /^2/, letter };
}

/** One lab for all rows of a file; a test per row. */
export function testRows(rows: readonly Row[]): void {
  let lab: LabProcess;
  let alice: LabUser;
  before(async () => {
    lab = await startLab();
    alice = new LabUser(lab);
  });
  after(async () => {
    alice?.close();
    await lab?.stop();
  });
  for (const row of rows) test(`${row.on.join(' and ')}: ${row.to.replace(/^.*@/, '')} ${row.state}${row.rule ? `, explained by ${row.rule}` : ''}`, () => checkRow(alice, row));
}

async function checkRow(alice: LabUser, row: Row): Promise<void> {
  await alice.weather(row.on, 'on');
  try {
    const id = await alice.submit({ subject: row.on.join(' '), ...row.letter, to: row.to });
    const { state, event } = row.stepMs === undefined ? await alice.attempted(id) : await passTime(alice, id, row.stepMs);
    const said = event.data['reply'] as { code: number; enhanced?: string; text: string };
    assert.match([said.code, said.enhanced, said.text].filter((part) => part !== undefined).join(' '), row.reply);
    assert.equal(state, row.state);
    assert.equal(event.explanation?.rule, row.rule);
    if (row.state === 'bounced') {
      const report = await alice.report(id);
      assert.ok(report.includes(event.explanation?.meaning ?? '?'), report);
      assert.ok(report.includes(`What to do: ${event.explanation?.nextStep}`), report);
    }
    if (row.state !== 'queued') return;
    checkWhy(await alice.why(id), event);
    await alice.weather(row.on, 'off');
    await alice.call('queue.retry', { ids: [id] });
    await alice.delivered(id);
  } finally {
    await alice.weather(row.on, 'off');
  }
}

/** Meaning and next try: no sooner than the lane lets it go. */
function checkWhy(why: QueueExplanation, event: TraceEvent): void {
  assert.deepEqual(why.explanation, event.explanation);
  for (const { state, nextChangeAt = 0, lettersAt = nextChangeAt } of why.lanes ?? []) {
    if (state === 'hot' || state === 'blocked') assert.ok((why.waitUntil ?? 0) >= Math.min(nextChangeAt, lettersAt), `it says that it goes before its lane does: ${JSON.stringify(why)}`);
  }
}

async function passTime(alice: LabUser, id: string, stepMs: number) {
  return eventually(`an outcome of ${id}`, async () => {
    if (!(await alice.trace(id)).events.some(({ name }) => name.startsWith('recipient.'))) {
      await alice.passTime(stepMs);
      return undefined;
    }
    return alice.attempted(id);
  });
}
