/** ManageSieve (RFC 5804) over a real socket, as a client of a trusted network; and what is put there sorts the next message. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';

let small: SmallServer;
before(async () => {
  small = await startSmallServer({ listen: ['sieve = ["127.0.0.1:0"]'] });
});
after(() => small?.stop());

class Client {
  readonly #socket: Socket;
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('utf8');
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static async open(): Promise<Client> {
    const { port } = small.server.access?.addresses.sieve[0] ?? assert.fail('no listener');
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new Client(socket);
    assert.match(await client.answer(), /"SIEVE" "fileinto .*vacation/);
    return client;
  }

  static async loggedIn(name = 'ann'): Promise<Client> {
    const client = await Client.open();
    const secret = Buffer.from(`\0${name}@serve.example\0secret of ${name}`).toString('base64');
    assert.match(await client.say(`AUTHENTICATE "PLAIN" "${secret}"`), /^OK/);
    return client;
  }

  /** All up to the line that begins with OK, NO or BYE. */
  async answer(): Promise<string> {
    for (;;) {
      const found = /^(?:OK|NO|BYE)(?:[^\r\n"{]|"(?:[^"\\]|\\.)*")*(?:\{\d+\}\r\n[^]*?)?\r\n/m.exec(this.#text);
      if (found) {
        const end = found.index + found[0].length;
        const answer = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return answer;
      }
      if (this.#ended) return this.#text;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  say(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.answer();
  }

  put(name: string, script: string): Promise<string> {
    return this.say(`PUTSCRIPT "${name}" {${Buffer.byteLength(script)}+}\r\n${script}`);
  }

  /** The next string that the server sends by itself. */
  async line(): Promise<string> {
    while (!this.#text.includes('\r\n')) await new Promise<void>((resolve) => (this.#wake = resolve));
    const end = this.#text.indexOf('\r\n');
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    this.#socket.destroy();
  }
}

test('a script is put, listed, made active, read, renamed and removed', async () => {
  const client = await Client.loggedIn();
  assert.match(await client.say('HAVESPACE "main" 1000'), /^OK/);
  assert.match(await client.say('HAVESPACE "main" 99999999'), /^NO \(QUOTA\/MAXSIZE\)/);
  const script = 'require "fileinto";\r\nfileinto "Täglich";\r\n';
  assert.match(await client.put('main', script), /^OK/);
  assert.match(await client.put('other "one"'.replace(/"/g, '\\"'), 'keep;'), /^OK/);
  assert.match(await client.say('SETACTIVE "main"'), /^OK/);
  assert.match(await client.say('LISTSCRIPTS'), /^"main" ACTIVE\r\n"other \\"one\\""\r\nOK/);
  assert.match(await client.say('GETSCRIPT "main"'), new RegExp(`^\\{${Buffer.byteLength(script)}\\}\\r\\nrequire[^]*Täglich[^]*\\r\\n\\r\\nOK`));
  assert.match(await client.say('DELETESCRIPT "main"'), /^NO \(ACTIVE\)/);
  assert.match(await client.say('RENAMESCRIPT "main" "other \\"one\\""'), /^NO \(ALREADYEXISTS\)/);
  assert.match(await client.say('RENAMESCRIPT "main" "primary"'), /^OK/);
  assert.match(await client.say('LISTSCRIPTS'), /"primary" ACTIVE/);
  await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ann'], content: 'From: pat@far.example\r\nSubject: x\r\n\r\nx' });
  await small.holds(1, 'ann', 'Täglich');
  assert.match(await client.say('SETACTIVE ""'), /^OK/);
  assert.match(await client.say('DELETESCRIPT "primary"'), /^OK/);
  assert.match(await client.say('GETSCRIPT "primary"'), /^NO \(NONEXISTENT\)/);
  assert.match(await client.say('SETACTIVE "primary"'), /^NO \(NONEXISTENT\)/);
  assert.match(await client.say('LOGOUT'), /^OK/);
});

test('a wrong script is refused with its lines, and the old one stays', async () => {
  const client = await Client.loggedIn('ben');
  await client.put('main', 'keep;');
  assert.match(await client.put('main', 'keep;\r\nfrobnicate;\r\n'), /^NO .*line 2/);
  assert.match(await client.say('CHECKSCRIPT "fileinto \\"x\\";"'), /^NO .*fileinto/);
  assert.match(await client.say('CHECKSCRIPT "keep;"'), /^OK/);
  assert.match(await client.say('GETSCRIPT "main"'), /^\{5\}\r\nkeep;\r\nOK/);
  client.write('PUTSCRIPT "big" {300000+}\r\n');
  client.write(`${'#'.repeat(300_000)}\r\n`);
  assert.match(await client.answer(), /^NO \(QUOTA\/MAXSIZE\)/);
  assert.match(await client.say('NOOP "still here"'), /^OK \(TAG "still here"\)/);
  client.close();
});

test('log-in: challenges as strings, failures, nothing before it, out and in again', async () => {
  const client = await Client.open();
  assert.match(await client.say('LISTSCRIPTS'), /^NO/);
  assert.match(await client.say('FROBNICATE'), /^NO/);
  assert.match(await client.say('AUTHENTICATE "NONE"'), /^NO/);
  assert.match(await client.say(`AUTHENTICATE "PLAIN" "${Buffer.from('\0ann@serve.example\0wrong').toString('base64')}"`), /^NO/);
  client.write('AUTHENTICATE "PLAIN"\r\n');
  assert.equal(await client.line(), '""');
  assert.match(await client.say('"*"'), /^NO/);
  const secret = Buffer.from('\0ann@serve.example\0secret of ann').toString('base64');
  client.write('AUTHENTICATE "PLAIN"\r\n');
  assert.equal(await client.line(), '""');
  client.write(`{${secret.length}+}\r\n${secret}\r\n`);
  assert.match(await client.answer(), /^OK/);
  assert.match(await client.say('CAPABILITY'), /"OWNER" "ann@serve\.example"/);
  assert.match(await client.say('UNAUTHENTICATE'), /^OK/);
  assert.match(await client.say('LISTSCRIPTS'), /^NO/);
  client.close();
});
