/** The mail-tester in the lab: a file, and an address that the outside writes to. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';

interface Report {
  readonly score: number;
  readonly authentication: { readonly spf?: string; readonly dkim: readonly { readonly result: string }[]; readonly dmarc: string };
  readonly connection: { readonly address?: string; readonly helo?: string; readonly sender?: string; readonly encrypted?: boolean };
  readonly spam: { readonly score: number; readonly rules: readonly { readonly rule: string }[] };
  readonly results: readonly { readonly check: string; readonly level: string; readonly text: string; readonly remedy?: string }[];
}

interface Listed {
  readonly id: string;
  readonly sender: string;
  readonly score: number;
  readonly answered: boolean;
}

let lab: LabProcess;
let web: Server;
const asked: string[] = [];

before(async () => {
  lab = await startLab();
  web = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.statusCode = request.url === '/gone' ? 404 : 200;
    response.end('page');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await lab.stop();
  web.close();
});

const tests = async (): Promise<readonly Listed[]> => (await lab.json<{ tests: readonly Listed[] }>(['score', 'list', '--json'])).tests;

/** The report of the newest message of this kind. */
async function reportOf(kind: string, sender: string): Promise<Report & { readonly id: string; readonly answered: boolean }> {
  const { address } = await lab.json<{ address: string }>(['score', 'address', '--json']);
  await lab.run(['lab', 'deliver', '--as', kind, '--to', address]);
  const found = await eventually('a test', async () => (await tests()).find((test) => test.sender === sender));
  const { stdout } = await lab.run(['score', 'show', found.id, '--json']);
  const { report, answered } = JSON.parse(stdout) as { report: Report; answered: boolean };
  return { ...report, id: found.id, answered };
}

const bad = ({ results }: Report): readonly string[] => results.filter(({ level }) => level === 'fail').map(({ check }) => check).toSorted();

describe('the address of the mail-tester', () => {
  it('gives a good message all points, and answers it', async () => {
    const report = await reportOf('good', 'news@good.example');
    assert.deepEqual([report.score, bad(report), report.answered], [10, [], true]);
    assert.deepEqual([report.authentication.spf, report.authentication.dkim[0]?.result, report.authentication.dmarc, report.connection.encrypted], ['pass', 'pass', 'pass', true]);
  });

  it('knows a newsletter, and what it needs', async () => {
    const report = await reportOf('bulk', 'bounces@news.example');
    assert.deepEqual(report.results.filter(({ check }) => check === 'one-click').map(({ level }) => level), ['pass']);
  });

  it('names what is wrong with an unsigned one, and writes to nobody who is not proven', async () => {
    const report = await reportOf('unsigned', 'info@plain.example');
    assert.deepEqual(bad(report), ['message-dkim', 'message-dmarc', 'message-spf']);
    assert.ok(report.score <= 4);
    const stored = (await tests()).find(({ sender }) => sender === 'info@plain.example');
    assert.ok(stored);
    const { stdout } = await lab.run(['trace', 'info@plain.example']);
    assert.ok(!stdout.includes('Your mail scores'));
  });

  it('answers its own users, in words and as HTML', async () => {
    const letter = 'From: alice@example.org\r\nTo: test-mine@example.org\r\nSubject: Does this arrive?\r\n\r\nSome words of an ordinary message to the tester.\r\n';
    await lab.run(['sendmail', '-f', 'alice@example.org', 'test-mine@example.org'], letter);
    const found = await eventually('a test', async () => (await tests()).find(({ sender }) => sender === 'alice@example.org'));
    assert.ok(found.score >= 8, String(found.score));
    const inbox = await eventually('the report', async () => {
      const { stdout } = await lab.run(['mail', 'search', 'alice@example.org', 'scores']);
      return stdout.includes('Your mail scores') ? stdout : undefined;
    });
    assert.match(inbox, new RegExp(`scores ${found.score} of 10`));
  });

  it('refuses what cannot be', async () => {
    const shown = await lab.run(['score', 'show', 'nothing']);
    assert.deepEqual([shown.status, /no test "nothing"/.test(shown.stderr)], [1, true]);
    const address = await lab.run(['score', 'address', 'elsewhere.example']);
    assert.deepEqual([address.status, /no domain of this server/.test(address.stderr)], [1, true]);
    assert.equal((await lab.run(['score', 'list', '--limit', 'many'])).status, 2);
  });
});

describe('posthorn score FILE', () => {
  const fileOf = (name: string, lines: readonly string[]): string => {
    const file = join(lab.ready.dir, name);
    writeFileSync(file, lines.join('\n'));
    return file;
  };

  it('follows links politely: HEAD, then GET, never one that unsubscribes', async () => {
    const { port } = web.address() as AddressInfo;
    const base = `http://127.0.0.1:${port}`;
    const file = fileOf('links.eml', ['From: alice@example.org', 'To: bob@example.net', 'Subject: Links', 'Date: Fri, 20 Nov 2026 10:00:00 +0000', 'Message-ID: <1@mail.example.org>', '', `See ${base}/fine and ${base}/gone, or ${base}/unsubscribe?u=1 to end it.`, '']);
    const { stdout, status } = await lab.run(['score', file, '--json']);
    const report = JSON.parse(stdout) as Report;
    assert.equal(status, 1);
    const links = report.results.find(({ check }) => check === 'links-answer');
    assert.equal(links?.level, 'fail');
    assert.match(links?.text ?? '', /1 of 3 links do not work: .*\/gone/);
    assert.deepEqual(asked, ['HEAD /fine', 'HEAD /gone', 'GET /gone']);
    asked.length = 0;
    await lab.run(['score', file, '--no-fetch', '--json']);
    assert.deepEqual(asked, []);
  });

  it('takes what is given about the connection, and says what is not known', async () => {
    const file = fileOf('plain.eml', ['From: alice@example.org', 'To: bob@example.net', 'Subject: Hello Bob', 'Date: Fri, 20 Nov 2026 10:00:00 +0000', 'Message-ID: <2@mail.example.org>', '', 'How are you today?', '']);
    const unknown = JSON.parse((await lab.run(['score', file, '--json'])).stdout) as Report;
    assert.equal(unknown.results.find(({ check }) => check === 'message-spf')?.level, 'unknown');
    const wrong = JSON.parse((await lab.run(['score', file, '--json', '--ip', '127.9.9.9', '--helo', 'x.example', '--sender', 'alice@example.org', '--no-tls'])).stdout) as Report;
    assert.ok(['message-spf', 'message-dmarc', 'message-tls', 'ptr'].every((check) => bad(wrong).includes(check)), bad(wrong).join());
  });

  it('refuses wrong arguments in a sentence', async () => {
    const file = fileOf('empty.eml', ['']);
    for (const [args, words] of [[['score', file], /is empty/], [['score', file, '--ip', 'x'], /give an IPv4 or IPv6 address/], [['score', file, '--sender', 'nobody'], /give an address such as/], [['score', '/nowhere.eml'], /nowhere/]] as const) {
      const { status, stderr } = await lab.run(args);
      assert.ok(status !== 0 && words.test(stderr), stderr);
    }
    assert.equal((await lab.run(['score'])).status, 2);
  });
});
