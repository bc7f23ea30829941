/** Where our mail arrives, seen in mailboxes at the lab's providers. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

interface Collected {
  readonly found: readonly { readonly seed: string; readonly place: string; readonly folder: string; readonly spf: string; readonly dkim: string; readonly dmarc: string; readonly stream: string; readonly test: boolean }[];
  readonly waiting: number;
  readonly troubles: readonly { readonly trouble: string }[];
}

interface Report {
  readonly inbox?: number;
  readonly shares: readonly { readonly provider: string; readonly stream: string; readonly inbox: number; readonly spam: number; readonly missing: number; readonly latenessMs?: number }[];
}

let lab: LabProcess;
const GMAIL = 'seed@gmail.com';
const OUTLOOK = 'seed@outlook.com';

before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

const run = async <T>(args: readonly string[], stdin?: string): Promise<T> => {
  const { stdout, stderr } = await lab.run(['placement', ...args, '--json'], stdin);
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout) as T;
};

function addSeed(name: string, address: string, password = 'lab'): ReturnType<LabProcess['run']> {
  const provider = lab.ready.providers.find((each) => each.name === name);
  assert.ok(provider);
  return lab.run(['placement', 'seed', 'add', address, '--host', provider.imap.host, '--port', String(provider.imap.port), '--tls', 'none', '--password-stdin', '--provider', name, '--json'], `${password}\n`);
}

const arrivedAtOutlook = async (): Promise<number> => (await lab.json<{ messages: readonly unknown[] }>(['lab', 'inbox', 'outlook'])).messages.length;

/** Until nothing is waited for. */
const readAll = (found: Collected['found'] = []): Promise<Collected['found']> => eventually('all seeds read', async () => {
  const read = await run<Collected>(['read']);
  found = [...found, ...read.found];
  return read.waiting === 0 && found.length >= 2 ? found : undefined;
});

describe('placement by seed accounts', () => {
  it('adds an account only when its log-in works', async () => {
    const wrong = await addSeed('gmail', GMAIL, 'wrong');
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /refused AUTHENTICATE: .*app password/s);
    const { status, stdout, stderr } = await addSeed('gmail', GMAIL);
    assert.equal(status, 0, stderr);
    assert.deepEqual((JSON.parse(stdout) as { folders: unknown }).folders, [{ name: 'INBOX', place: 'inbox' }, { name: 'Spam', place: 'spam' }]);
    assert.doesNotMatch(stdout, /"lab"/);
    assert.equal((await addSeed('outlook', OUTLOOK)).status, 0);
  });

  it('sees tests in the inbox, with what the provider found', async () => {
    await run(['test']);
    const found = await readAll();
    assert.deepEqual(found.map(({ seed, place, spf, dkim, dmarc, test }) => [seed, place, spf, dkim, dmarc, test]).toSorted(), [[GMAIL, 'inbox', 'pass', 'pass', 'pass', true], [OUTLOOK, 'inbox', 'pass', 'pass', 'pass', true]]);
    const { inbox, shares } = await run<Report>(['show']);
    assert.equal(inbox, 1);
    assert.deepEqual(shares.map(({ provider, inbox: count }) => [provider, count]), [['gmail', 1], ['outlook', 1]]);
    assert.ok(shares.every(({ latenessMs }) => latenessMs !== undefined));
  });

  it('sees ordinary mail in the spam folder, in its stream', async () => {
    await lab.run(['lab', 'scenario', 'low-domain-reputation', 'on', '--provider', 'gmail']);
    const file = join(lab.ready.dir, 'news.eml');
    writeFileSync(file, 'From: news@example.org\nSubject: News\nList-Unsubscribe: <https://example.org/u>\n\nHello\n');
    const earlier = await arrivedAtOutlook();
    await run(['test', file, '--seed', OUTLOOK, '--from', 'alice@example.org']);
    await eventually('it has arrived in this weather', async () => (await arrivedAtOutlook()) > earlier);
    await lab.run(['lab', 'scenario', 'low-domain-reputation', 'off']);
    await lab.run(['lab', 'scenario', 'unauthenticated', 'on']);
    await lab.run(['send', '--from', 'alice@example.org', '--to', OUTLOOK, '--subject', 'Hello', '--text', 'by a user']);
    const found = await readAll();
    await lab.run(['lab', 'scenario', 'unauthenticated', 'off']);
    assert.deepEqual(found.map(({ place, stream, test }) => [place, stream, test]).toSorted(), [['inbox', 'bulk', true], ['spam', 'transactional', false]]);
    const { shares } = await run<Report>(['show', '--seed', OUTLOOK]);
    assert.deepEqual(shares.map(({ stream, inbox, spam }) => [stream, inbox, spam]), [['bulk', 1, 0], ['transactional', 1, 1]]);
  });

  it('refuses in words what cannot be', async () => {
    for (const [args, words] of [
      [['seed', 'remove', 'nobody@gmail.com'], /no seed account/],
      [['seed', 'add', 'x@nowhere.example'], /say where the secret is/],
      [['test', '--from', 'x@gmail.com'], /not a domain of this server/],
      [['test', '--seed', '@@'], /is not an address: write it like/],
      [['show', '--days', '0'], /whole number from 1/],
    ] as const) {
      const { status, stdout, stderr } = await lab.run(['placement', ...args]);
      assert.ok(status > 0, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, words);
    }
    const list = await lab.run(['placement', 'seed', 'list']);
    assert.match(list.stdout, /seed@gmail\.com +gmail/);
    assert.equal((await lab.run(['placement', 'seed', 'remove', GMAIL])).status, 0);
  });
});
