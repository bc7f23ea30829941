/**
 * What strangers wrote to services of this server is read in a thread of its own: while one of them makes that take long,
 * mail goes on; what nobody can read in time is given up, and what was read beside it is not.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { AdjustableClock } from '../../src/base/clock.ts';
import { INSPECTION_LIMITS } from '../../src/base/inspection-limits.ts';
import { PREFLIGHT_LIMITS } from '../../src/base/limits.ts';
import { REPORT_IN_LIMITS } from '../../src/base/report-in-limits.ts';
import type { FromInspectionThread } from '../../src/compose/inspection/inspection-protocol.ts';
import type { InspectionKeeper } from '../../src/compose/inspection/inspection-keeper.ts';
import { eventually } from '../harness/lab-process.ts';
import { ImapDialogue } from '../harness/imap-dialogue.ts';
import { DOMAIN, handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';

const HEAD = `<?xml version="1.0"?><feedback><report_metadata><org_name>receiver.example</org_name><email>d@receiver.example</email><report_id>ID</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata><policy_published><domain>${DOMAIN}</domain><p>none</p></policy_published>`;
const row = (at: number): string => `<record><row><source_ip>10.${at >> 16}.${(at >> 8) & 255}.${at & 255}</source_ip><count>1</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>${DOMAIN}</header_from></identifiers><auth_results><dkim><domain>${DOMAIN}</domain><result>pass</result></dkim></auth_results></record>\n`;
const report = (rows: number): Buffer => Buffer.from(`${HEAD}${Array.from({ length: rows }, (_, at) => row(at)).join('')}</feedback>`);
/** A long piece of work. */
const LARGE = report(40_000);
const SMALL = report(1);

interface Site extends SmallServer {
  readonly clock: AdjustableClock;
  readonly keeper: InspectionKeeper;
}

async function site(context: TestContext): Promise<Site> {
  const clock = new AdjustableClock();
  const small = await startSmallServer({ clock, inspectionThread: true, listen: ['imap = ["127.0.0.1:0"]'] });
  context.after(() => small.stop());
  return { ...small, clock, keeper: small.server.inspection.keeper ?? assert.fail('no thread of its own') };
}

/** When it has begun with what it was asked. Looks at each turn of the event loop, so that nothing it says is missed. */
async function atWork(keeper: InspectionKeeper): Promise<Worker> {
  while (!keeper.worker) await new Promise(setImmediate);
  const { worker } = keeper;
  for (;;) {
    const [message] = (await once(worker, 'message')) as [FromInspectionThread];
    if (message.kind === 'ready') return worker;
  }
}

test('mail comes in and is read while a stranger keeps the thread busy', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  let through = false;
  const flood = async (): Promise<void> => {
    do assert.equal((await inspection.reportsInFile(LARGE))[0]?.kind, 'dmarc');
    while (!through);
  };
  const reading = Promise.all([flood(), flood()]);
  const worker = await atWork(at.keeper);
  const own = process.threadCpuUsage();
  assert.deepEqual(await handOver(at.lmtpPort, { from: 'x@elsewhere.example', to: ['ann'], content: 'From: x@elsewhere.example\r\nSubject: in time\r\n\r\nHello' }).then((replies) => replies.map((reply) => reply.slice(0, 3))), ['250']);
  await at.holds(1, 'ann');
  const port = at.server.access?.addresses.imap[0]?.port ?? assert.fail('no IMAP');
  const imap = await ImapDialogue.open('127.0.0.1', port);
  assert.match(await imap.line(), /^\* OK/);
  imap.close();
  through = true;
  await reading;
  const theirs = await worker.cpuUsage();
  const { user, system } = process.threadCpuUsage(own);
  assert.ok(user + system < (theirs.user + theirs.system) / 2, `${user + system} µs here, ${theirs.user + theirs.system} µs there`);
});

test('a thread that dies is replaced; what it read then is read again, one by one', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  const reading = Promise.all([inspection.reportsInFile(LARGE), inspection.reportsInFile(LARGE)]);
  await (await atWork(at.keeper)).terminate();
  assert.deepEqual((await reading).map(([one]) => one?.kind), ['dmarc', 'dmarc']);
});

test('what a thread dies of is given up, and the next one is read', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  const reading = inspection.reportsInFile(LARGE);
  await (await atWork(at.keeper)).terminate();
  const [given] = await reading;
  assert.ok(given?.kind === 'unreadable' && given.why.includes('more memory'), JSON.stringify(given));
  assert.equal((await inspection.reportsInFile(SMALL))[0]?.kind, 'dmarc');
  const scoring = inspection.score({ message: Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), LARGE]), connection: {}, followLinks: false });
  await at.keeper.worker?.terminate();
  await assert.rejects(scoring, { code: 'not-inspected', temporary: false });
});

test('a report by mail that takes too long is counted as one that cannot be read, and nobody waits for it', async (context) => {
  const at = await site(context);
  const content = `From: reports@receiver.example\r\nSubject: Report domain: ${DOMAIN}\r\nContent-Type: application/xml\r\n\r\n${LARGE.toString().replaceAll('\n', '\r\n')}`;
  assert.match((await handOver(at.lmtpPort, { from: 'reports@receiver.example', to: ['dmarc'], content }))[0] ?? '', /^250/);
  await atWork(at.keeper);
  at.clock.advance(REPORT_IN_LIMITS.readMs);
  const { left } = await eventually('it is counted', async () => {
    const answer = await at.call<{ left: readonly { cause: string }[] }>('report.dmarc', { backMs: 86_400_000 });
    return answer.left.length > 0 ? answer : undefined;
  });
  assert.deepEqual(left.map(({ cause }) => cause), ['unreadable']);
  await eventually('nothing waits', async () => (await at.call<{ entries: readonly unknown[] }>('queue.list', {})).entries.length === 0);
});

test('a thread without work ends, and the next report has another', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  assert.equal(at.keeper.worker, undefined);
  await inspection.reportsInFile(SMALL);
  const worker = at.keeper.worker ?? assert.fail('no thread');
  const gone = once(worker, 'exit');
  at.clock.advance(INSPECTION_LIMITS.idleMs);
  await gone;
  assert.equal(at.keeper.worker, undefined);
  assert.equal((await inspection.reportsInFile(SMALL))[0]?.kind, 'dmarc');
});

test('more than it can take is told to come later', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  const asked = Array.from({ length: INSPECTION_LIMITS.atOnceMax + INSPECTION_LIMITS.waitingMax }, () => inspection.reportsInMessage(SMALL));
  await assert.rejects(inspection.reportsInMessage(SMALL), { code: 'inspection-busy', temporary: true });
  await Promise.all(asked);
});

test('the guard has this server examined there', async (context) => {
  const at = await site(context);
  const run = at.call<{ examined: number }>('guard.run', {});
  await eventually('the thread runs', async () => at.keeper.worker);
  const { examined } = await run;
  assert.ok(examined > 0);
  const { watched } = await at.call<{ watched: number }>('guard.status', {});
  assert.ok(watched > 0);
});

const LOUD = Buffer.from('From: ann@serve.example\r\nTo: x@example.net\r\nSubject: EARN MONEY NOW FROM HOME\r\n\r\nEarn $5000 a week, act now, 100% free.\r\n');

test('what users send is judged while strangers keep all places of theirs', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  const asked = Array.from({ length: INSPECTION_LIMITS.atOnceMax + INSPECTION_LIMITS.waitingMax }, () => inspection.reportsInMessage(SMALL));
  const judged = inspection.content(LOUD);
  await assert.rejects(inspection.reportsInMessage(SMALL), { code: 'inspection-busy' });
  assert.equal((await judged)[0]?.id, 'content-spam');
  await Promise.all(asked);
});

test('an outgoing message that nobody waits for any longer is not judged', async (context) => {
  const at = await site(context);
  const { inspection } = at.server;
  const places = INSPECTION_LIMITS.contentAtOnceMax;
  const asked = Array.from({ length: places + 1 }, () => inspection.content(LOUD));
  at.clock.advance(PREFLIGHT_LIMITS.contentMs + 1);
  const answers = await Promise.allSettled(asked);
  assert.deepEqual(answers.map(({ status }) => status), [...Array.from({ length: places }, () => 'fulfilled'), 'rejected']);
});
