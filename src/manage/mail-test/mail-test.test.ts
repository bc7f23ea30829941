/** Who gets an answer from the mail-tester, how often, and what is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { SystemClock } from '../../base/clock.ts';
import { MAIL_TEST_LIMITS } from '../../base/content-limits.ts';
import { silentLog } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { QueueMessage } from '../../contract/queue.ts';
import { firstField } from '../../mail/header.ts';
import { openStore, type OwnStore } from '../../store/store.ts';
import { readMessage } from '../../verify/content/message-reading.ts';
import { inspectHere } from '../inspection/inspect-here.ts';
import { isMailTestAddress } from './mail-test-address.ts';
import { takeMailTest } from './mail-test.ts';
import { TestsUnderway } from './tests-underway.ts';

let store: OwnStore;
const dir = mkdtempSync(join(tmpdir(), 'posthorn-mail-test-'));
const clock = new SystemClock();
const sent: { readonly recipients: readonly string[]; readonly content: Buffer }[] = [];
let serial = 0;
const underway = new TestsUnderway();

before(async () => {
  store = await openStore(dir, { clock });
});
after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Given {
  readonly sender: string;
  readonly believed?: boolean;
  readonly id?: string;
  readonly header?: string;
}

async function write({ sender, believed = true, id = `test${(serial += 1)}`, header = '' }: Given): Promise<number> {
  const before = sent.length;
  const message = { id, sender, senderBelieved: believed, startedAt: clock.now(), origin: { kind: 'inbound', protocol: 'ESMTPS', clientAddress: '192.0.2.7', helo: 'mail.example.org', listener: '' } } as unknown as QueueMessage;
  const content = new BufferSource(Buffer.from(`${header}From: <a@example.org>\r\nSubject: <b>"Hello" & more\r\nMessage-ID: <1@example.org>\r\n\r\nWords of a message.\r\n`));
  const config = { hostname: 'mail.example.net' } as Config;
  const dns = createZoneDns({});
  await takeMailTest({ config, clock, log: silentLog, store, underway, dns, inspection: inspectHere({ dns, clock, doctor: () => undefined }), ownMail: { send: async (mail) => ({ id: String(sent.push(mail)) }), tellPostmaster: async () => ({ id: '' }) } }, { message, recipient: 'test-x@example.net', content, isCopy: false });
  return sent.length - before;
}

describe('the mail-tester', () => {
  it('reads addresses that begin with the setting, and no others', () => {
    const config = (testAddress: string) => ({ doctor: { nameServerPort: 53, testAddress } }) as Pick<Config, 'doctor'>;
    for (const [address, prefix, expected] of [['test-a@example.org', 'test-', true], ['test-@example.org', 'test-', false], ['test@example.org', 'test-', false], ['a@test-.org', 'test-', false], ['probe.1@example.org', 'probe.', true], ['test-a@example.org', '', false]] as const) {
      assert.equal(isMailTestAddress(address, config(prefix)), expected, address);
    }
    assert.ok(isMailTestAddress('test-a@example.org', {}));
  });

  it('answers a proven sender once, also when it is asked again after a crash', async () => {
    assert.equal(await write({ sender: 'a@example.org', id: 'once' }), 1);
    assert.equal(await write({ sender: 'a@example.org', id: 'once' }), 0);
    const { recipients, content } = sent.at(-1) ?? { recipients: [], content: Buffer.alloc(0) };
    assert.deepEqual(recipients, ['a@example.org']);
    const { header, text, html } = readMessage(content);
    assert.equal(firstField(header.fields, 'auto-submitted')?.value, 'auto-replied');
    assert.equal(firstField(header.fields, 'in-reply-to')?.value, '<1@example.org>');
    assert.match(text ?? '', /Subject: <b>"Hello" & more/);
    assert.match(html?.text ?? '', /<b>"Hello" & more/, 'escaped, so that it is text again');
  });

  it('answers nobody who is not proven, no null sender, and no program that answers', async () => {
    assert.equal(await write({ sender: 'b@example.org', believed: false }), 0);
    assert.equal(await write({ sender: '' }), 0);
    assert.equal(await write({ sender: 'c@example.org', header: 'Auto-Submitted: auto-replied\r\n' }), 0);
    const kept = await store.mailTests.list(clock.now(), 10);
    assert.deepEqual(kept.filter(({ sender }) => sender !== 'a@example.org').map(({ answered }) => answered), [true, true, true], 'kept, and done with');
  });

  it('takes so many of a sender in a day, and throws the rest away', async () => {
    let answers = 0;
    for (let i = 0; i < MAIL_TEST_LIMITS.perSenderPerDay + 3; i += 1) answers += await write({ sender: 'many@example.org' });
    assert.equal(answers, MAIL_TEST_LIMITS.perSenderPerDay);
    assert.equal((await store.mailTests.counts('many@example.org', 0)).ofSender, MAIL_TEST_LIMITS.perSenderPerDay);
  });

  it('forgets after its time', async () => {
    const later = clock.now() + MAIL_TEST_LIMITS.keptMs + 1000;
    assert.deepEqual(await store.mailTests.list(later, 10), []);
    assert.equal(await store.mailTests.show('once', later), undefined);
    await store.mailTests.add({ id: 'later', address: 'test-x@example.net', sender: 'd@example.org', receivedAt: later, score: 7.3, answered: true }, { score: 7.3 });
    assert.deepEqual(await store.mailTests.list(0, 10), [{ id: 'later', address: 'test-x@example.net', sender: 'd@example.org', receivedAt: later, score: 7.3, answered: true }]);
  });
});
