/** Placement over days: the server tests by itself, the trend has each day, and the doctor says when mail lands among the spam or a mailbox cannot be read. */
import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

interface Report {
  readonly days: readonly { readonly day: string; readonly shares: readonly { readonly inbox: number; readonly spam: number }[] }[];
  readonly messages: readonly { readonly place: string; readonly test: boolean }[];
}

interface Examined {
  readonly results: readonly { readonly check: string; readonly level: string; readonly text: string; readonly remedy?: string }[];
}

let lab: LabProcess;
let closed: Server;
const SEED = 'seed@outlook.com';

before(async () => {
  closed = createServer((socket) => void socket.on('error', () => {}).end()).listen(0, '127.0.0.1');
  await once(closed, 'listening');
  lab = await startLab({ settings: '[placement]\nevery = "1d"\n' });
});
after(async () => {
  await lab.stop();
  closed.close();
});

async function addSeed(address: string, password: string, port?: number): Promise<void> {
  const imap = lab.ready.providers.find(({ name }) => name === 'outlook')?.imap;
  assert.ok(imap);
  const { status, stderr } = await lab.run(['placement', 'seed', 'add', address, '--host', port === undefined ? imap.host : '127.0.0.1', '--port', String(port ?? imap.port), '--tls', 'none', '--password-stdin', '--provider', 'Outlook', '--untried'], `${password}\n`);
  assert.equal(status, 0, stderr);
}

async function examined(): Promise<Examined['results'][number]> {
  const { stdout, stderr } = await lab.run(['doctor', '--only', 'placement', '--json']);
  assert.ok(stdout.startsWith('{'), stderr);
  const result = (JSON.parse(stdout) as Examined).results.find(({ check }) => check === 'placement');
  assert.ok(result);
  return result;
}

const report = (): Promise<Report> => lab.json<Report>(['placement', 'show']);

/** The clock goes on by quarters of a day until so many tests are known, and none is waited for. */
const until = (count: number): Promise<Report> => eventually(`${count} tests seen`, async () => {
  const seen = await report();
  if (seen.messages.length >= count && seen.messages.every(({ place }) => place !== 'waiting')) return seen;
  await lab.run(['lab', 'clock', 'advance', '6h']);
  return undefined;
});

describe('placement over days', () => {
  it('sends tests and reads seeds by the clock, day by day', async () => {
    assert.equal((await examined()).level, 'skip');
    await addSeed(SEED, 'lab');
    const first = await until(1);
    assert.ok(first.messages.every(({ place, test }) => place === 'inbox' && test));
    assert.equal((await examined()).level, 'pass');
    await lab.run(['lab', 'scenario', 'unauthenticated', 'on']);
    const later = await until(first.messages.length + 2);
    await lab.run(['lab', 'scenario', 'unauthenticated', 'off']);
    assert.ok(later.days.length >= 2, JSON.stringify(later.days));
    assert.ok(later.days.map(({ day }) => day).every((day, at, all) => at === 0 || day > (all[at - 1] ?? '')));
    assert.ok(later.days.some(({ shares }) => shares.some(({ spam }) => spam > 0)), JSON.stringify(later));
    const { level, text, remedy } = await examined();
    assert.equal(level, 'fail');
    assert.match(text, /test messages of the last week reached the inbox \(Outlook \d of \d\)/);
    assert.match(remedy ?? '', /posthorn placement show/);
  });

  it('is told when a password no longer holds, or a server hangs up', async () => {
    await addSeed(SEED, 'changed');
    await addSeed('other@outlook.com', 'lab', (closed.address() as AddressInfo).port);
    await lab.run(['placement', 'test']);
    await eventually('both seeds are tried', async () => {
      const { troubles } = await lab.json<{ troubles: readonly unknown[] }>(['placement', 'read']);
      return troubles.length === 2 ? true : undefined;
    });
    const { text, remedy } = await examined();
    assert.match(text, /2 seed accounts could not be read: .*seed@outlook\.com \(the server refused AUTHENTICATE/);
    assert.doesNotMatch(text, /changed/);
    assert.ok(remedy);
    const listed = await lab.run(['placement', 'seed', 'list']);
    assert.match(listed.stdout, /refused AUTHENTICATE/);
    await addSeed(SEED, 'lab');
    await lab.run(['placement', 'seed', 'remove', 'other@outlook.com']);
    await lab.run(['placement', 'read']);
    assert.doesNotMatch((await examined()).text, /could not be read/);
  });
});
