/** What the guard tells, it tells once: also when the server dies as it does, and after weeks without a server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Place } from '../../src/contract/placement.ts';
import type { OwnMail } from '../../src/contract/own-mail.ts';
import { createGuard } from '../../src/manage/doctor/guard-runner.ts';
import type { ManageContext } from '../../src/manage/verb.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { createZoneDns, type Zone } from '../harness/zone-dns.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const SOUND: Zone = {
  'example.org': { SOA: [{ mname: 'ns.example.org', rname: 'h.example.org', serial: 1, minimum: 60 }], MX: [{ preference: 10, exchange: 'mail.example.org' }], TXT: ['v=spf1 mx -all'] },
  'mail.example.org': { A: ['203.0.113.10'], TXT: ['v=spf1 a -all'] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:d@example.org'] },
  '10.113.0.203.in-addr.arpa': { PTR: ['mail.example.org'] },
};
/** The server leaves what has no key and no mailbox unmended; only these are looked at. */
const LOOKED_AT = ['ptr', 'placement', 'dmarc-record'];

let folder: string;
let clock: AdjustableClock;
let server: RunningServer;
let zone: Zone;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ph-guard-'));
  const file = join(folder, 'posthorn.toml');
  writeFileSync(file, 'hostname = "mail.example.org"\norigin = "example.org"\ndata-dir = "data"\n[listen]\nsmtp = []\n[[outbound.ip]]\naddress = "203.0.113.10"\n[guard]\nevery = 0\n');
  clock = new AdjustableClock();
  server = await startServer({ config: loadConfig(file), clock, log: silentLog, verbs });
  await server.context.store.directory.addDomain('example.org', { at: clock.now() });
  zone = SOUND;
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One look, of a process that begins and ends with it. */
async function look(ownMail = server.context.ownMail as OwnMail): Promise<void> {
  const { guard: _guard, network: _network, ...context } = server.context;
  // The server's own guard is off, so that it does not ask the real DNS in between.
  const config = { ...context.config, guard: { everyMs: DAY } };
  await createGuard({ context: { ...context, config, dns: createZoneDns(zone), ownMail } as Omit<ManageContext, 'guard'> }).run();
}

async function looks(times: number, everyMs = 40 * MINUTE, ownMail?: OwnMail): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    clock.advance(everyMs);
    await look(ownMail);
  }
}

/** Kinds of news about the checks that are looked at, the oldest first. */
async function news(): Promise<readonly string[]> {
  const rows = (await server.context.store.guard.news(100)).map(({ entry }) => JSON.parse(entry) as { kind: string; check: string });
  return rows.toReversed().filter(({ check }) => LOOKED_AT.includes(check)).map(({ kind, check }) => `${kind} ${check}`);
}

/** Queues what it is given, and never comes back: the process died. */
function dying(): OwnMail & { readonly sent: string[] } {
  const ownMail = server.context.ownMail as OwnMail;
  const sent: string[] = [];
  const tellPostmaster: OwnMail['tellPostmaster'] = async (note) => {
    await ownMail.tellPostmaster(note);
    sent.push(note.subject);
    throw new Error('the process was killed');
  };
  return { ...ownMail, sent, tellPostmaster };
}

describe('the guard', () => {
  it('repeats no note when the server dies right behind queueing it', async () => {
    await look();
    const mail = dying();
    zone = { ...SOUND, '_dmarc.example.org': {} };
    await looks(4, undefined, mail);
    assert.equal(mail.sent.filter((subject) => /DMARC record/.test(subject)).length, 1, mail.sent.join('\n'));
    assert.deepEqual((await server.context.store.guard.countUntold()).count, 0);
    await looks(2, undefined, mail);
    assert.equal(mail.sent.filter((subject) => /DMARC record/.test(subject)).length, 1, mail.sent.join('\n'));
  });

  it('keeps news of which no note could be queued', async () => {
    await look();
    zone = { ...SOUND, '_dmarc.example.org': {} };
    const refusing: OwnMail = { ...(server.context.ownMail as OwnMail), tellPostmaster: async () => assert.fail('refused') };
    await looks(4, undefined, refusing);
    assert.notEqual((await server.context.store.guard.countUntold()).count, 0);
    await looks(1);
    assert.equal((await server.context.store.guard.countUntold()).count, 0);
  });

  it('tells once that test messages land in the junk folder, and once that they reach the inbox again', async () => {
    const { placement } = server.context.store;
    const seed = { address: 'seed@gmail.com', provider: 'gmail', host: 'imap.gmail.com', port: 993, security: 'implicit', username: 'seed@gmail.com', kind: 'password', addedAt: clock.now() } as const;
    await placement.putSeed(seed, Buffer.from('sealed'));
    const place = async (at: Place, count: number): Promise<void> => {
      const sent = Array.from({ length: count }, (_, index) => ({ seed: seed.address, messageId: `${at}${index}${clock.now()}@example.org`, queueId: `q${index}`, stream: 'transactional' as const, fromDomain: 'example.org', test: true, sentAt: clock.now() }));
      await placement.expect(sent);
      await placement.found(sent.map((row) => ({ ...row, place: at, folder: at, arrivedAt: clock.now(), foundAt: clock.now(), spf: '', dkim: '', dmarc: '' })));
    };
    await place('inbox', 10);
    await looks(2);
    assert.deepEqual(await news(), []);
    await place('spam', 20);
    await looks(6);
    assert.deepEqual(await news(), ['worse placement']);
    // A week later only the good ones count.
    clock.advance(8 * DAY);
    await place('inbox', 10);
    await looks(6);
    assert.deepEqual(await news(), ['worse placement', 'mended placement']);
  });

  it('takes what it sees after three weeks without a server for new, and needs as long as ever to be sure', async () => {
    await look();
    zone = { ...SOUND, '10.113.0.203.in-addr.arpa': {} };
    await looks(1);
    clock.advance(21 * DAY);
    await look();
    await looks(1, 31 * MINUTE);
    assert.deepEqual(await news(), [], 'not a quarter of an hour after the start');
    await looks(3);
    assert.deepEqual(await news(), ['worse ptr']);
  });

  it('calls nothing unknown for weeks because nobody was there to ask', async () => {
    await look();
    zone = { ...SOUND, '10.113.0.203.in-addr.arpa': 'FAIL' };
    await looks(1);
    clock.advance(21 * DAY);
    await looks(3);
    assert.deepEqual(await news(), []);
  });
});
