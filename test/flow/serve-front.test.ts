/** `posthorn serve` as it faces the network: both address families on one port, behind a proxy, with the classic log. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ChildProcess } from 'node:child_process';
import { eventually, runCommand } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';
import { endServe, freePort, startServe } from '../harness/serve-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const PROXY = '127.0.0.9';
const V1 = 'PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000720010db80000000000000000000000199c400019', 'hex');

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const dir = mkdtempSync(join(tmpdir(), 'posthorn-front-'));
const log = join(dir, 'mail.log');
let port = 0;
let server: ChildProcess;

before(async () => {
  port = await freePort();
  const config = join(dir, 'posthorn.toml');
  writeFileSync(
    config,
    `hostname = "mail.front.example"\ndata-dir = "${join(dir, 'data')}"\n[listen]\nsmtp = ["0.0.0.0:${port}"${hasIpv6 ? `, "[::]:${port}"` : ''}]\n` +
      `[dns]\nservers = ["127.0.0.1:9"]\n[networks]\ntrusted = ["127.0.0.0/8"]\nproxies = ["${PROXY}"]\n` +
      `[relay]\nhost = "127.0.0.1"\nport = 9\ntls = "none"\n[log]\nfile = "${log}"\nformat = "postfix"\n`,
  );
  server = await startServe(config, port);
});
after(async () => {
  await endServe(server, 'SIGTERM');
  rmSync(dir, { recursive: true });
});

/** Says the proxy's header, then tries to relay; the reply to RCPT. */
async function relayThroughProxy(header: string | Buffer): Promise<string> {
  const dialogue = await SmtpDialogue.open('127.0.0.1', port, { localAddress: PROXY });
  try {
    dialogue.write(header);
    await dialogue.reply();
    await dialogue.say('EHLO bot.example');
    await dialogue.say('MAIL FROM:<a@far.example>');
    return await dialogue.say('RCPT TO:<joe@elsewhere.example>');
  } finally {
    dialogue.close();
  }
}

test('IPv4 and IPv6 listen on the same port', { skip: hasIpv6 ? false : 'this machine has no IPv6' }, async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const dialogue = await SmtpDialogue.open(host, port);
    assert.match(await dialogue.reply(), /^220 mail\.front\.example /, host);
    dialogue.close();
  }
});

test('behind a proxy the client counts, by version 1 and 2; a client that is not named has no trust', async () => {
  for (const header of [V1, V2, 'PROXY UNKNOWN\r\n']) assert.match(await relayThroughProxy(header), /^550 5\.7\.1/);
  assert.match(await relayThroughProxy('PROXY TCP4 127.0.0.5 127.0.0.1 40000 25\r\n'), /^250/);
  assert.equal(await relayThroughProxy('EHLO bot.example\r\n'), '');
});

test('fail2ban bans the client behind the proxy, by our classic log', { skip: missingTool('fail2ban-regex') }, async () => {
  const lines = await eventually('the lines of both clients', async () => {
    const text = readFileSync(log, 'utf8');
    return /198\.51\.100\.7.*Relay access denied/.test(text) && text.includes('2001:db8::7]: 550') && text;
  });
  assert.doesNotMatch(lines, /reject: \w+ from \S+\[127\.0\.0\.5\]/);
  const { stdout } = await runCommand('fail2ban-regex', ['-o', 'ip', log, '/etc/fail2ban/filter.d/postfix.conf']);
  const banned = stdout.trim().split('\n');
  assert.deepEqual(['198.51.100.7', '2001:db8::7'].filter((address) => !banned.includes(address)), []);
});
