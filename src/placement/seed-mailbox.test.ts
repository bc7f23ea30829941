/** Seed accounts at servers that are like Gmail, want OAuth, or are broken: by a small IMAP server of this test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createServer as createTls } from 'node:tls';
import { SystemClock } from '../base/clock.ts';
import type { Dns } from '../contract/dns.ts';
import type { Placement } from '../contract/placement.ts';
import { createConnector } from '../net/connector.ts';
import { createHttpsFetch } from '../net/https-fetch.ts';
import { OauthTokens } from '../net/oauth-tokens.ts';
import { createCertificate } from '../net/self-signed.ts';
import { clientTlsFrom, createClientTls } from '../net/tls.ts';
import { asCredentials } from './seed-secret.ts';
import { checkSeed, findInSeed, type SeedAccess } from './seed-mailbox.ts';

const clock = new SystemClock();
const certificate = createCertificate({ subject: 'provider.example', altNames: ['provider.example', '127.0.0.1'] });
const keys = { cert: certificate.certificatePem, key: certificate.keyPem };
let folder: string;
const endings: (() => unknown)[] = [];
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthorn-seed-'));
});
after(async () => {
  for (const end of endings) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What the server says to a command (without its tag): untagged lines, then the end of the tagged one, `OK` by default. */
type Answers = (command: string) => { readonly lines?: readonly string[]; readonly end?: string } | undefined;

function speak(answers: Answers): (socket: Socket) => void {
  return (socket) => {
    let buffer = '';
    socket.on('error', () => {});
    socket.write('* OK ready\r\n');
    socket.on('data', (chunk: Buffer) => {
      buffer += chunk.toString('latin1');
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const [tag = '', ...words] = buffer.slice(0, end).split(' ');
        buffer = buffer.slice(end + 2);
        const { lines = [], end: ending = 'OK done' } = answers(words.join(' ')) ?? {};
        // Without a command the line answers a challenge, whose tag was the one before.
        if (words.length > 0 && ending !== '') socket.write(`${lines.map((line) => `${line}\r\n`).join('')}${tag} ${ending}\r\n`);
      }
    });
  };
}

const access = (port: number, over: Partial<SeedAccess> = {}): SeedAccess => ({ target: { host: '127.0.0.1', port, security: 'none' }, credentials: { username: 'seed', password: 'secret' }, tls: clientTlsFrom(), ...over });
const wanted = (...ids: readonly string[]): readonly Placement[] => ids.map((messageId) => ({ messageId, sentAt: Date.now() }) as unknown as Placement);
const field = (id: string): string => `Message-ID: ${id}\r\n\r\n`;
const fetched = (uid: number, id: string): string => `* 1 FETCH (UID ${uid} INTERNALDATE "21-Nov-2026 05:00:00 +0000" BODY[HEADER.FIELDS (MESSAGE-ID)] {${field(id).length}}\r\n${field(id)})`;

/** Two messages in the inbox, of which Gmail shows the first; one folder that may not be opened. */
function gmail(refused: string): Answers {
  let open = '';
  return (command) => {
    if (command === 'CAPABILITY') return { lines: ['* CAPABILITY IMAP4rev1 X-GM-EXT-1 LITERAL+'] };
    if (command.startsWith('LIST')) return { lines: ['* LIST (\\HasNoChildren) "/" "INBOX"', '* LIST (\\HasNoChildren) "/" "Shared"', '* LIST (\\HasChildren \\Noselect) "/" "[Gmail]"', '* LIST (\\All \\HasNoChildren) "/" "[Gmail]/All Mail"', '* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/Spam"'] };
    if (command.startsWith('EXAMINE')) {
      open = command.slice('EXAMINE '.length);
      assert.doesNotMatch(open, /All Mail/);
      return open === `"${refused}"` ? { end: 'NO [NOPERM] not yours' } : {};
    }
    if (command.includes('X-GM-RAW')) return { lines: [command.includes('UID 1 ') ? '* SEARCH 1' : '* SEARCH'] };
    if (command.startsWith('UID SEARCH')) return { lines: [open === '"INBOX"' ? '* SEARCH 1 2' : open === '"[Gmail]/Spam"' ? '* SEARCH 7' : '* SEARCH'] };
    if (command.includes('MESSAGE-ID')) return { lines: open === '"INBOX"' ? [fetched(1, '<primary@x>'), fetched(2, '<promotions@x>')] : [fetched(7, '<spam@x>')] };
    if (command.startsWith('UID FETCH')) return { lines: ['* 1 FETCH (UID 1 BODY[HEADER]<0> "Subject: x")'] };
    return {};
  };
}

describe('seed accounts', () => {
  it('are read at a provider like Gmail: tabs, the spam folder, no message twice, a shared folder that may not be opened', async () => {
    const port = await listening(createServer(speak(gmail('Shared'))));
    const found = await findInSeed(access(port), wanted('<primary@x>', '<promotions@x>', '<spam@x>', '<nowhere@x>'), Date.now());
    assert.deepEqual(found.map(({ messageId, place, folder: name }) => [messageId, place, name]), [['<primary@x>', 'inbox', 'INBOX'], ['<promotions@x>', 'tab', 'INBOX'], ['<spam@x>', 'spam', '[Gmail]/Spam']]);
  });

  it('say nothing at all when the spam folder cannot be opened', async () => {
    const port = await listening(createServer(speak(gmail('[Gmail]/Spam'))));
    await assert.rejects(findInSeed(access(port), wanted('<spam@x>'), Date.now()), { code: 'imap-refused', message: /refused EXAMINE/ });
  });

  it('log in with a token that a token server gives over TLS, and tell its refusal without secrets', async () => {
    const posted: string[] = [];
    const tokens = createHttps(keys, (request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk)).on('end', () => {
        posted.push(body);
        if (body.includes('refresh_token=good-refresh')) response.end(JSON.stringify({ access_token: 'fresh-token', expires_in: 3600 }));
        else response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: 'Token has been revoked' }));
      });
    });
    const tokenPort = await listening(tokens);
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, keys.cert);
    writeFileSync(join(folder, 'good'), 'good-refresh\n');
    writeFileSync(join(folder, 'bad'), 'bad-refresh\n');
    const fetch = createHttpsFetch({ dns: {} as Dns, connector: createConnector({ clock }), clock, clientTls: () => createClientTls({ caFile }), protocols: () => ['ipv4'] });
    const secret = (file: string) => ({ kind: 'token', source: { kind: 'refresh', tokenUrl: `https://127.0.0.1:${tokenPort}/token`, clientId: 'posthorn', refreshTokenFile: join(folder, file) } }) as const;
    let login = '';
    const port = await listening(createServer(speak((command) => {
      if (command === 'CAPABILITY') return { lines: ['* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER'] };
      if (command.startsWith('AUTHENTICATE')) login = command;
      return command.startsWith('AUTHENTICATE') ? { end: 'NO [AUTHENTICATIONFAILED] Invalid credentials' } : {};
    })));
    const credentials = await asCredentials('seed@provider.example', secret('good'), new OauthTokens(clock, fetch));
    assert.deepEqual(credentials, { username: 'seed@provider.example', token: 'fresh-token' });
    await assert.rejects(checkSeed(access(port, { credentials })), { code: 'imap-log-in', message: /^the server refused AUTHENTICATE: \[AUTHENTICATIONFAILED\] Invalid credentials$/ });
    assert.match(login, /^AUTHENTICATE (?:XOAUTH2|OAUTHBEARER)/);
    await assert.rejects(asCredentials('seed@provider.example', secret('bad'), new OauthTokens(clock, fetch)), (error: Error) => {
      assert.match(error.message, /invalid_grant|revoked/);
      assert.doesNotMatch(error.message, /bad-refresh/);
      return true;
    });
    assert.equal(posted.length, 2);
  });

  it('get no password where the certificate is wrong', async () => {
    let bytes = 0;
    const port = await listening(createTls(keys, (socket) => socket.on('error', () => {}).on('data', (chunk: Buffer) => (bytes += chunk.length))).on('tlsClientError', () => {}) as unknown as Server);
    await assert.rejects(checkSeed(access(port, { target: { host: '127.0.0.1', port, security: 'implicit' } })), { message: /^cannot connect to 127\.0\.0\.1:\d+: .*(?:certificate|self)/i });
    assert.equal(bytes, 0);
  });

  it('end in words at servers that hang up, speak something else, or never end', async () => {
    const hangUp = await listening(createServer((socket) => void socket.on('error', () => {}).end('* OK hi\r\n')));
    await assert.rejects(checkSeed(access(hangUp)), { code: 'imap-lost' });
    const web = await listening(createServer((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await assert.rejects(checkSeed(access(web)), { message: /does not greet/ });
    const endless = await listening(createServer(speak((command) => (command.startsWith('LIST') ? { lines: Array.from({ length: 200_000 }, (_, at) => `* LIST () "/" "f${at}"`) } : {}))));
    await assert.rejects(checkSeed(access(endless)), { message: /without end/ });
  });
});
