/** Sender authentication with a real resolver asking the lab's name server: aligned, forged, broken and unsigned mail. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { ReceivedMessage } from '../../src/contract/message.ts';
import { createAuthenticator } from '../../src/flow/authenticate/authenticator.ts';
import { createJudge } from '../../src/flow/judge/judge.ts';
import { createSigner } from '../../src/flow/sign/signer.ts';
import type { DnsFault } from '../../src/lab/dns/responder.ts';
import { startDnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { parseHeader } from '../../src/mail/header.ts';
import { createResolver } from '../../src/net/resolver.ts';

const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PLAIN = Buffer.from('From: Bob <bob@sender.example>\r\nTo: alice@example.org\r\nSubject: Hello\r\nDate: Sun, 1 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nHello Alice.\r\n');

async function signed(): Promise<Buffer> {
  const signer = createSigner({
    keys: { none: false, forDomain: async (domain) => (domain === 'sender.example' ? [{ domain, selector: 's1r', algorithm: 'rsa-sha256', privateKey: KEY.privateKey }] : []) },
    config: { dkim: { sign: ['rsa'] } },
  });
  const { fields } = await signer.sign({ header: parseHeader(PLAIN), content: new BufferSource(PLAIN), fromDomain: 'sender.example' });
  return Buffer.concat([fields, PLAIN]);
}

function received(content: Buffer, clientAddress: string): ReceivedMessage {
  return {
    id: 'x',
    receivedAt: Date.now(),
    startedAt: Date.now(),
    envelope: { sender: 'bob@sender.example', recipients: [{ address: 'alice@example.org' }], body: '7bit', smtpUtf8: false, requireTls: false },
    origin: { kind: 'inbound', protocol: 'ESMTP', clientAddress, helo: 'mail.sender.example' },
    content: new BufferSource(content),
  };
}

async function withLab(work: (judgeMessage: (content: Buffer, ip: string) => Promise<string[]>, setFault: (fault: DnsFault) => void) => Promise<void>): Promise<void> {
  const clock = new SystemClock();
  const zones = new Zones();
  const spki = KEY.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  zones.load([
    {
      apex: 'sender.example',
      records: [
        { name: 'sender.example', type: 'TXT', value: 'v=spf1 ip4:127.0.0.40 -all' },
        { name: 'mail.sender.example', type: 'A', value: '127.0.0.40' },
        { name: 's1r._domainkey.sender.example', type: 'TXT', value: `v=DKIM1; k=rsa; p=${spki}` },
        { name: '_dmarc.sender.example', type: 'TXT', value: 'v=DMARC1; p=reject' },
      ],
    },
  ]);
  let fault: DnsFault = 'none';
  const server = await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock, log: silentLog, fault: () => fault });
  const resolver = createResolver({ servers: [{ address: server.host, port: server.port }], trustAd: false, clock, log: silentLog });
  const authenticator = createAuthenticator({ dns: resolver, config: { hostname: 'mail.example.org' }, clock, log: silentLog });
  const judge = createJudge({ config: { authentication: { dmarcReject: true, trustedSealers: [] } } });
  try {
    await work(
      async (content, ip) => {
        const message = received(content, ip);
        const report = await authenticator.authenticate(message);
        const verdict = judge.judge({ message, header: parseHeader(content), report });
        return [report.spf.result, report.dkim.map((entry) => entry.result).join(), report.dmarc.result, verdict.action, String(verdict.reply?.code ?? '')];
      },
      (next) => {
        fault = next;
        resolver.flush();
      },
    );
  } finally {
    resolver.close();
    await server.stop();
  }
}

test('aligned, forwarded, broken, forged and unsigned mail get what they deserve', () =>
  withLab(async (judgeMessage) => {
    const good = await signed();
    const broken = Buffer.from(good.toString('latin1').replace('Hello Alice', 'Hello Mallory'), 'latin1');
    assert.deepEqual(await judgeMessage(good, '127.0.0.40'), ['pass', 'pass', 'pass', 'accept', '']);
    assert.deepEqual(await judgeMessage(PLAIN, '127.0.0.40'), ['pass', '', 'pass', 'accept', '']);
    assert.deepEqual(await judgeMessage(good, '127.0.0.66'), ['fail', 'pass', 'pass', 'accept', '']);
    assert.deepEqual(await judgeMessage(broken, '127.0.0.66'), ['fail', 'fail', 'fail', 'reject', '550']);
    assert.deepEqual(await judgeMessage(PLAIN, '127.0.0.66'), ['fail', '', 'fail', 'reject', '550']);
  }));

test('a name server that fails defers, and all is well when it is back', () =>
  withLab(async (judgeMessage, setFault) => {
    setFault('servfail');
    assert.deepEqual(await judgeMessage(await signed(), '127.0.0.40'), ['temperror', 'temperror', 'temperror', 'defer', '451']);
    setFault('none');
    assert.deepEqual(await judgeMessage(await signed(), '127.0.0.40'), ['pass', 'pass', 'pass', 'accept', '']);
  }));
