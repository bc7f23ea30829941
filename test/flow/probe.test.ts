/** `posthorn probe` against the lab's providers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

interface Probe {
  readonly outcome: string;
  readonly text: string;
  readonly hosts: readonly { readonly tls?: { readonly version: string; readonly trusted: boolean }; readonly steps: readonly { readonly command: string; readonly code: number }[]; readonly explanation?: { readonly culprit: string; readonly provider?: string } }[];
}

let lab: LabProcess;
before(async () => {
  lab = await startLab();
});
after(() => lab.stop());

async function probe(...args: readonly string[]): Promise<Probe & { readonly status: number }> {
  const { status, stdout, stderr } = await lab.run(['probe', ...args, '--json']);
  assert.ok(stdout.startsWith('{'), stderr);
  return { status, ...(JSON.parse(stdout) as Probe) };
}

describe('posthorn probe', () => {
  it('goes as far as RCPT TO over TLS, and sends nothing', async () => {
    const { status, outcome, hosts } = await probe('someone@gmail.com');
    assert.deepEqual([status, outcome], [0, 'accepts']);
    const commands = hosts[0]?.steps.map(({ command }) => command) ?? [];
    assert.deepEqual(commands, ['', 'EHLO mail.example.org', 'STARTTLS', 'EHLO mail.example.org', 'MAIL FROM:<postmaster@example.org>', 'RCPT TO:<someone@gmail.com>', 'RSET']);
    assert.equal(hosts[0]?.tls?.trusted, true);
    const { messages } = await lab.json<{ messages: readonly unknown[] }>(['lab', 'inbox', 'gmail']);
    assert.equal(messages.length, 0);
  });

  it('tells what a refusal means', async () => {
    await lab.run(['lab', 'scenario', 'unknown-user', 'on']);
    const unknown = await probe('nobody@gmail.com');
    await lab.run(['lab', 'scenario', 'unknown-user', 'off']);
    assert.deepEqual([unknown.status, unknown.outcome, unknown.hosts[0]?.explanation?.culprit], [1, 'refuses', 'recipient']);
    await lab.run(['lab', 'scenario', 'no-ptr', 'on']);
    const ptr = await probe('someone@gmx.net', '--from', 'alice@example.org');
    await lab.run(['lab', 'scenario', 'no-ptr', 'off']);
    assert.equal(ptr.outcome, 'refuses');
    assert.match(ptr.text, /answered the greeting with 554/);
  });

  it('says when nobody can be asked', async () => {
    await lab.run(['lab', 'scenario', 'mx-null', 'on']);
    assert.equal((await probe('someone@yahoo.com')).outcome, 'no-mail');
    await lab.run(['lab', 'scenario', 'mx-null', 'off']);
    await lab.run(['lab', 'scenario', 'refused-mx', 'on']);
    assert.equal((await probe('someone@yahoo.com')).outcome, 'unreachable');
    await lab.run(['lab', 'scenario', 'refused-mx', 'off']);
    assert.equal((await probe('someone@nowhere.invalid')).outcome, 'no-mail');
  });

  it('refuses what is no address, and cannot be made to say more than a command', async () => {
    for (const args of [['nobody'], [''], ['a@b>\r\nDATA'], ['a@b.example', '--from', 'x'], ['a@b.example', '--helo', 'x y'], ['a@b.example', '--source', 'x']]) {
      const { status, stdout, stderr } = await lab.run(['probe', ...args]);
      assert.ok(status > 0);
      assert.equal(stdout, '');
      assert.match(stderr, /^posthorn: [^\n]+\n$/, args.join(' '));
    }
  });
});
