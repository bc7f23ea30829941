/** Two servers and a real BIND: one publishes MTA-STS from its own web server, the other sends to it and heeds what it finds. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createCertificate } from '../../src/net/self-signed.ts';
import { missingServer, startBind, type Bind } from '../harness/bind.ts';
import { eventually } from '../harness/lab-process.ts';
import { administer, endServe, freePort, startServe } from '../harness/serve-process.ts';

const skip = missingServer();
const folder = mkdtempSync(join(tmpdir(), 'posthorn-sts-'));
const root = createCertificate({ subject: 'Rehearsal CA', isCa: true });
const [sender, receiver] = [join(folder, 'a', 'posthorn.toml'), join(folder, 'b', 'posthorn.toml')];
const at = { senderSmtp: 0, receiverSmtp: 0, https: 0 };
const servers = new Map<string, ChildProcess>();
let bind: Bind;

/** What both the mail server and the web server of the receiver show. */
function certify(...names: readonly string[]): void {
  const made = createCertificate({ subject: names[0] ?? '', altNames: names, issuer: root });
  writeFileSync(join(folder, 'b', 'certificate.pem'), made.certificatePem);
  writeFileSync(join(folder, 'b', 'key.pem'), made.keyPem, { mode: 0o600 });
}

async function run(config: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await administer(config, args);
  assert.ok(status === 0 || status === 1, stderr);
  return stdout;
}

const json = async <T>(config: string, ...args: readonly string[]): Promise<T> => JSON.parse(await run(config, ...args, '--json')) as T;

/** The certificate, and what was remembered of the DNS, anew. */
async function reload(config: string): Promise<void> {
  const reloads = (): number => readFileSync(join(dirname(config), 'log'), 'utf8').split('server.reloaded').length;
  const before = reloads();
  servers.get(config)?.kill('SIGHUP');
  await eventually('the server has reloaded', async () => reloads() > before);
}

/** Connections that are kept open would not see another certificate. */
async function restartReceiver(): Promise<void> {
  const running = servers.get(receiver);
  if (running) await endServe(running, 'SIGTERM');
  servers.set(receiver, await startServe(receiver, at.receiverSmtp));
}

interface Kept {
  readonly policies: readonly { readonly id: string; readonly policy: { readonly mode: string; readonly maxAgeSeconds: number } }[];
}

/** What the sender holds. */
const kept = async (): Promise<Kept['policies'][number] | undefined> => (await json<Kept>(sender, 'tls', 'policy', 'list')).policies[0];

/** The receiver's record follows its policy, and the sender looks at the DNS again. */
async function publish(): Promise<void> {
  await run(receiver, 'dns', 'apply', 'b.example', '--yes');
  await reload(sender);
}

async function send(subject: string): Promise<void> {
  await run(sender, 'send', '--from', 'ann@a.example', '--to', 'bob@b.example', '--subject', subject, '--text', 'x');
}

const arrived = (subject: string): Promise<unknown> => eventually(`"${subject}" at its mailbox`, async () => (await run(receiver, 'mail', 'list', '--account', 'bob@b.example')).includes(subject));

before(async () => {
  if (skip) return;
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  bind = await startBind('127.0.0.1', { 'b.example': '@ IN MX 10 mail.b.example.\nmail IN A 127.0.0.1\n' });
  for (const name of ['senderSmtp', 'receiverSmtp', 'https'] as const) at[name] = await freePort();
  writeFileSync(join(folder, 'ca.pem'), root.certificatePem);
  writeFileSync(join(folder, 'b', 'dns-key'), `${bind.secret}\n`, { mode: 0o600 });
  certify('mail.b.example', 'mta-sts.b.example');
  const dns = `[dns]\nservers = ["${bind.address}:${bind.port}"]\n`;
  writeFileSync(sender, `hostname = "mail.a.example"\ndata-dir = "data"\n[listen]\nsmtp = ["127.0.0.1:${at.senderSmtp}"]\n${dns}[outbound]\nport = ${at.receiverSmtp}\nca-file = "../ca.pem"\nmta-sts-port = ${at.https}\nprotocols = ["ipv4"]\n[queue]\nretry-min = "1h"\nretry-max = "1h"\n[log]\nfile = "log"\n`);
  writeFileSync(receiver, `hostname = "mail.b.example"\ndata-dir = "data"\n[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n[listen]\nsmtp = ["127.0.0.1:${at.receiverSmtp}"]\nhttps = ["127.0.0.1:${at.https}"]\n${dns}[[dns.provider]]\ntype = "rfc2136"\nlabel = "bind"\nserver = "${bind.address}:${bind.port}"\nkey-name = "${bind.keyName}"\nsecret-file = "dns-key"\nname-servers = ["${bind.address}:${bind.port}"]\n[log]\nfile = "log"\n`);
  await run(sender, 'account', 'add', 'ann@a.example', '--create-domain');
  await run(receiver, 'account', 'add', 'bob@b.example', '--create-domain');
  servers.set(sender, await startServe(sender, at.senderSmtp));
  servers.set(receiver, await startServe(receiver, at.receiverSmtp));
});
after(async () => {
  for (const server of servers.values()) await endServe(server, 'SIGTERM');
  await bind?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('MTA-STS between two servers', { skip }, () => {
  it('in testing: a certificate for another name is reported, and mail arrives', async () => {
    await run(receiver, 'dns', 'policy', 'b.example', '--mta-sts', 'testing');
    await publish();
    await send('with the right certificate');
    await arrived('with the right certificate');
    assert.deepEqual([(await kept())?.policy.mode, (await kept())?.policy.maxAgeSeconds], ['testing', 86_400]);
    certify('mta-sts.b.example');
    await restartReceiver();
    await send('with a wrong certificate');
    await arrived('with a wrong certificate');
    assert.match(await run(sender, 'tls', 'report', '--json'), /"certificate-host-mismatch"/);
  });

  it('in enforce: the new id is noticed, and mail waits until the certificate is right', async () => {
    const before = await kept();
    await run(receiver, 'dns', 'policy', 'b.example', '--mta-sts', 'enforce');
    await publish();
    await send('kept back');
    await eventually('the reason why it waits', async () => /certificate/i.test(await run(sender, 'queue', 'list', '--json')));
    const after = await kept();
    assert.notEqual(after?.id, before?.id);
    assert.deepEqual([after?.policy.mode, after?.policy.maxAgeSeconds], ['enforce', 604_800]);
    assert.doesNotMatch(await run(receiver, 'mail', 'list', '--account', 'bob@b.example'), /kept back/);
    certify('mail.b.example', 'mta-sts.b.example');
    await reload(receiver);
    await run(sender, 'queue', 'retry', '--all');
    await arrived('kept back');
  });

  it('is remembered for longer when the receiver says so', async () => {
    await run(receiver, 'tls', 'sts', 'max-age', 'b.example', '30d');
    await publish();
    await send('for a month');
    await arrived('for a month');
    assert.equal((await kept())?.policy.maxAgeSeconds, 30 * 86_400);
  });

  it('is withdrawn by mode none', async () => {
    await run(receiver, 'dns', 'policy', 'b.example', '--mta-sts', 'off');
    await publish();
    certify('mta-sts.b.example');
    await restartReceiver();
    await send('after the end');
    await arrived('after the end');
    assert.equal((await kept())?.policy.mode, 'none');
  });
});
