/**
 * A hundred sessions change one mailbox at random; afterwards the picture of each is the server's. FUZZ_SEED has a run again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapMirror, sortedFlags } from '../harness/imap-mirror.ts';
import { withImap } from '../harness/imap-kit.ts';
import { createSeededRandom, type SeededRandom } from '../harness/seeded-random.ts';

const CLIENTS = 100;
const COMMANDS = 15;
const TEXT = 'From: a@example.org\r\nSubject: s\r\n\r\ntext\r\n';
const FLAGS = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered', 'work', '$Junk'];

function command(mirror: ImapMirror, random: SeededRandom): string {
  const count = mirror.rows.length;
  const sequence = count === 0 ? 0 : 1 + random.below(count);
  const to = Math.min(count, sequence + random.below(5));
  const flag = random.pick(FLAGS);
  const sign = random.pick(['+', '-', '']);
  const silent = random.pick(['', '.SILENT']);
  const uid = 1 + random.below(mirror.lastUid + 3);
  const choices = [
    'NOOP',
    `APPEND INBOX (${random.pick(FLAGS)}) {${TEXT.length}+}\r\n${TEXT}`,
    `APPEND INBOX {${TEXT.length}+}\r\n${TEXT}`,
    `UID STORE ${uid}:${uid + random.below(4)} ${sign}FLAGS${silent} (${flag})`,
    `UID STORE ${uid}:* ${sign}FLAGS${silent} (${flag})`,
    `UID FETCH ${uid}:* (FLAGS)`,
    `UID EXPUNGE ${uid}`,
    random.below(3) === 0 ? 'EXPUNGE' : 'CHECK',
    `UID COPY ${uid} INBOX`,
    ...(sequence === 0 ? [] : [
      `STORE ${sequence}:${to} ${sign}FLAGS${silent} (${flag} ${random.pick(FLAGS)})`,
      `STORE ${sequence} ${sign}FLAGS${silent} (${flag})`,
      `FETCH ${sequence}:${to} (UID FLAGS)`,
      `SEARCH ${flag.startsWith('\\') ? flag.slice(1).toUpperCase() : `KEYWORD ${flag}`}`,
      `COPY ${sequence} INBOX`,
      `MOVE ${sequence} Other`,
    ]),
  ];
  return random.pick(choices);
}

/** What the client knows of its own .SILENT change is what it asked for. */
function believe(mirror: ImapMirror, said: string, before: readonly (readonly [number | undefined, string | undefined])[], result: string): void {
  const store = /^(UID )?STORE (\d+)(?::(\d+|\*))? ([+-]?)FLAGS\.SILENT \(([^)]*)\)/.exec(said);
  if (!store || !result.startsWith('OK')) return;
  const byUid = store[1] !== undefined;
  const from = Number(store[2]);
  const largest = byUid ? Math.max(0, ...before.map(([uid]) => uid ?? 0)) : before.length;
  const end = store[3] === '*' ? largest : Number(store[3] ?? from);
  const [low, high] = [Math.min(from, end), Math.max(from, end)];
  const named = (store[5] as string).split(' ');
  before.forEach(([uid, flags], index) => {
    const number = byUid ? uid : index + 1;
    if (flags === undefined || number === undefined || number < low || number > high) return;
    const row = mirror.rows.find((one) => one.uid === uid);
    // What the server told in this very answer counts, even if it is what it was.
    if (!row || mirror.told.has(row)) return;
    const old = flags.split(' ').filter(Boolean);
    const next = store[4] === '-' ? old.filter((flag) => !named.includes(flag)) : [...new Set([...(store[4] === '+' ? old : []), ...named])];
    row.flags = sortedFlags(next.join(' '));
  });
}

test(`${CLIENTS} sessions change one mailbox at random, and each has the right picture of it`, { timeout: 120_000 }, async (context) => {
  const random = createSeededRandom();
  context.diagnostic(`FUZZ_SEED=${random.seed}`);
  await withImap({}, async (kit) => {
    const mirrors: ImapMirror[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const mirror = new ImapMirror(await kit.client());
      if (i === 0) await mirror.client.say('CREATE Other');
      if (i === 0) for (let m = 0; m < 30; m++) await mirror.client.say(`APPEND INBOX {${TEXT.length}+}\r\n${TEXT}`);
      if (i % 3 === 1) await mirror.client.say('ENABLE CONDSTORE');
      if (i % 3 === 2) await mirror.client.say('ENABLE QRESYNC');
      await mirror.select();
      mirrors.push(mirror);
    }
    await Promise.all(mirrors.map(async (mirror, index) => {
      const own = createSeededRandom(random.seed + index);
      for (let i = 0; i < COMMANDS; i++) {
        const said = command(mirror, own);
        const before = mirror.rows.map((row) => [row.uid, row.flags] as const);
        const result = await mirror.say(said);
        assert.match(result, /^(OK|NO \[EXPUNGEISSUED\])/, `${said} → ${result}`);
        believe(mirror, said, before, result);
        // A message that is gone is unknown until its EXPUNGE is told.
        if (own.below(3) === 0) await mirror.say('NOOP');
        if (mirror.unknown) await mirror.say(`FETCH ${mirror.unknown[0]}:${mirror.unknown[1]} (UID FLAGS)`);
      }
    }));
    for (const mirror of mirrors) {
      await mirror.say('NOOP');
      await mirror.learn();
    }
    const truth = new ImapMirror(await kit.client('alice@example.org'));
    await truth.select();
    mirrors.forEach((mirror, index) => {
      assert.equal(mirror.rows.length, truth.rows.length, `session ${index}`);
      mirror.rows.forEach((row, at) => assert.deepEqual(row, truth.rows[at], `session ${index}, message ${at + 1}`));
    });
    assert.deepEqual(kit.log.filter((entry) => entry.level === 'error'), []);
  });
});
