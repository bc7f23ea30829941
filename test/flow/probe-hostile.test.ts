/** `posthorn probe` of servers that are slow, silent, broken or hostile: each ends in time, and the words say where it stopped. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import type { Dns } from '../../src/contract/dns.ts';
import type { DoctorNetwork } from '../../src/contract/doctor-network.ts';
import { probeAddress, type ProbedHost, type SmtpProbe } from '../../src/manage/sending/smtp-probe.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createMailProbe } from '../../src/net/mail-probe.ts';
import { createClientTls } from '../../src/net/tls.ts';
import { startPeer, type Script } from '../harness/scripted-peer.ts';

const STEP_MS = 5_000;
const endings: (() => unknown)[] = [];
after(async () => {
  for (const end of endings) await end();
});

const dns = { query: async (_name: string, type: string) => (type === 'A' ? { kind: 'found', records: ['127.0.0.1'] } : { kind: 'nodata' }) } as unknown as Dns;

async function ask(port: number, { sender = 'alice@example.org', clock = new AdjustableClock() } = {}): Promise<SmtpProbe & { readonly host: ProbedHost }> {
  const probe = createMailProbe({ connector: createConnector({ clock }), clock, clientTls: () => createClientTls({}) });
  const network = { mailPort: port, probe } as Pick<DoctorNetwork, 'mailPort' | 'probe'> as DoctorNetwork;
  const result = await probeAddress({ dns, clock, network }, { recipient: 'bob@example.net', sender, helo: 'mail.example.org' });
  assert.ok(result.hosts[0]);
  return { ...result, host: result.hosts[0] };
}

/** Time goes by until the other side has had enough. */
async function outwait(clock: AdjustableClock, ended: Promise<unknown>, meanwhile: () => void = () => {}): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    meanwhile();
    await clock.pass(STEP_MS);
  }
}

async function scripted(script: Script, offers: readonly string[] = []): Promise<number> {
  const peer = await startPeer({ script, offers });
  endings.push(() => peer.close());
  return peer.port;
}

async function raw(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => onSocket(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const answering = (command: string, reply: string): Script => (event) => (event.command.startsWith(command) ? reply : undefined);

/** As `answering`, and from then on it says nothing more. */
const lastWord = (clock: AdjustableClock, command: string, reply: string): Script => ({ command: said, session }) => {
  if (!said.startsWith(command)) return undefined;
  void outwait(clock, session.ended);
  return reply;
};

describe('posthorn probe of difficult servers', { concurrency: true }, () => {
  it('says that a server sends no greeting', async () => {
    const clock = new AdjustableClock();
    const { outcome, text, host } = await ask(await raw((socket) => void outwait(clock, once(socket.resume(), 'close'))), { clock });
    assert.deepEqual([outcome, host.steps.length], ['unreachable', 0]);
    assert.match(text, /^example\.net: It was reached, and sent no greeting: /);
  });

  it('tells what was said before a server fell silent', async () => {
    const clock = new AdjustableClock();
    const { outcome, text, host } = await ask(await scripted(lastWord(clock, 'RCPT', '')), { clock });
    assert.equal(outcome, 'unreachable');
    assert.match(text, /gave no answer to RCPT TO: /);
    assert.deepEqual(host.steps.map(({ command }) => command.split(' ', 1)[0]), ['', 'EHLO', 'MAIL']);
  });

  it('leaves a tarpit that sends a reply letter by letter', async () => {
    const clock = new AdjustableClock();
    const { outcome, text } = await ask(await raw((socket) => {
      socket.write('220-');
      void outwait(clock, once(socket.resume(), 'close'), () => socket.write('x'));
    }), { clock });
    assert.equal(outcome, 'unreachable');
    assert.match(text, /too slow altogether|not answer in time/);
  });

  for (const [what, reply] of [['is not answered', ''], ['is followed by no TLS', '220 go']] as const) {
    it(`asks again in the clear where STARTTLS ${what}, and says so`, async () => {
      const clock = new AdjustableClock();
      const { outcome, text, host } = await ask(await scripted(lastWord(clock, 'STARTTLS', reply), ['STARTTLS']), { clock });
      assert.equal(outcome, 'accepts');
      assert.match(text, /in the clear, because STARTTLS does not work there: .* nothing would be delivered\.$/);
      assert.ok(!host.steps.some(({ command }) => command === 'STARTTLS') && host.tls === undefined);
    });
  }

  it('goes on in the clear where STARTTLS is refused', async () => {
    const { outcome, host } = await ask(await scripted(answering('STARTTLS', '454 4.7.0 TLS not available'), ['STARTTLS']));
    assert.deepEqual([outcome, host.steps.find(({ command }) => command === 'STARTTLS')?.code], ['accepts', 454]);
  });

  it('asks with the null sender, says HELO to old servers, and reads replies of several lines', async () => {
    const replies: Script = ({ command }) => (command.startsWith('EHLO') ? '502 what?' : command.startsWith('HELO') ? '250 hello' : command.startsWith('RCPT') ? '550-5.1.1 No such\r\n550-5.1.1 user\r\n550 5.1.1 here' : undefined);
    const { outcome, host } = await ask(await scripted(replies), { sender: '' });
    assert.deepEqual([outcome, host.explanation?.culprit], ['refuses', 'recipient']);
    assert.deepEqual(host.steps.map(({ command }) => command), ['', 'EHLO mail.example.org', 'HELO mail.example.org', 'MAIL FROM:<>', 'RCPT TO:<bob@example.net>', 'RSET']);
    assert.equal(host.steps[4]?.lines.length, 3);
  });

  it('gives up on what is not SMTP, without end, or full of escapes', async () => {
    const flood = await ask(await raw((socket) => void socket.write(Buffer.alloc(1 << 20, 'x'))));
    assert.equal(flood.outcome, 'unreachable');
    const lines = await ask(await raw((socket) => void socket.write('220-x\r\n'.repeat(100_000))));
    assert.equal(lines.outcome, 'unreachable');
    const web = await ask(await raw((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    assert.match(web.text, /sent no greeting/);
    const escapes = await ask(await scripted(answering('greeting', '220 \u001b[2J\u001b]0;x\u0007 hi')));
    assert.equal(escapes.outcome, 'accepts');
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(JSON.stringify(escapes), /\\u001b|\u001b/);
  });

  it('never says DATA', async () => {
    const commands: string[] = [];
    await ask(await scripted(({ command }) => void commands.push(command)));
    assert.ok(!commands.some((command) => /^(?:DATA|BDAT)/i.test(command)));
  });
});
