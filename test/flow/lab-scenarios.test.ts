/** Each scenario brings the documented reply at each provider, and goes away again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { SendResult } from '../../src/lab/outside/send.ts';
import { withLab, type LabParts, type LetterOptions } from '../harness/lab-parts.ts';

const ADDRESS = {
  gmail: 'bob@gmail.com',
  outlook: 'bob@outlook.com',
  yahoo: 'bob@yahoo.com',
  icloud: 'bob@icloud.com',
  gmx: 'bob@gmx.net',
  't-online': 'bob@t-online.de',
  'example.net': 'bob@example.net',
} as const;
type Provider = keyof typeof ADDRESS;

const DAY_MS = 86_400_000;

/** Whatever part of Spamhaus' list we are on. */
const LISTED: Partial<Record<Provider, RegExp>> = {
  gmail: /^550 5\.7\.1 .*very low reputation/,
  outlook: /^550 5\.7\.1 .*\(S3150\)/,
  yahoo: /^553 5\.7\.1 \[BL21\]/,
  icloud: /^550 5\.7\.1 \[CS01\]/,
  gmx: /^554 gmx\.net[^]*block listed/,
  't-online': /^554 IP=127.*\(NOWL\)/,
  'example.net': /^554 5\.7\.1 .*blocked using zen\.spamhaus\.org/,
};

/** Reply as `code enhanced text`, per provider; a provider not named delivers to the inbox. `spam`: to the other folder. */
const CASES: readonly { readonly on: readonly string[]; readonly replies: Partial<Record<Provider, RegExp | 'spam'>>; readonly letter?: LetterOptions }[] = [
  { on: [], replies: {} },
  {
    on: ['no-ptr'],
    replies: {
      gmail: /^550 5\.7\.25 .*PTR/,
      outlook: /^550 DY-001/,
      yahoo: /^553 5\.7\.1 .*reverse DNS/,
      icloud: /^550 5\.7\.1 \[CS01\]/,
      gmx: /^554 gmx\.net.*Nemesis ESMTP Service not available\n.*\nBad DNS PTR/,
      't-online': /^554 IP=127/,
      'example.net': /^450 4\.7\.25/,
    },
  },
  {
    on: ['listed-ip'],
    replies: LISTED,
  },
  {
    on: ['low-reputation'],
    replies: { gmail: /^421 4\.7\.0/, outlook: /^451 4\.7\.650 .*\(S775\)/, yahoo: /^421 4\.7\.0 \[TSS04\]/, icloud: /^421 4\.7\.1/, gmx: 'spam', 't-online': 'spam', 'example.net': 'spam' },
  },
  { on: ['dynamic-ptr'], replies: { outlook: /^550 DY-001/, gmx: /^554 [^]*Bad DNS PTR/ } },
  { on: ['listed-css'], replies: { ...LISTED, outlook: /^550 OU-001/ } },
  { on: ['listed-pbl'], replies: { ...LISTED, outlook: /^550 DY-001/ } },
  { on: ['infected-host'], replies: { ...LISTED, outlook: /^550 DY-002/, yahoo: /^553 5\.7\.1 \[BL23\].*XBL/ } },
  {
    on: ['blocked-ip'],
    replies: {
      gmail: /^550 5\.7\.1 .*very low reputation/,
      outlook: /^550 5\.7\.1 .*\(S3140\)/,
      yahoo: /^553 5\.7\.2 \[TSS11\]/,
      icloud: /^550 5\.7\.1 \[CS01\]/,
      gmx: /^554 gmx\.net[^]*block listed/,
      't-online': /^554 IP=127.*\(NOWL\)/,
    },
  },
  { on: ['banned-ip'], replies: { outlook: /^550 5\.7\.606/, yahoo: /^421 4\.7\.1 \[TS03\]/ } },
  { on: ['banned-sender'], replies: { outlook: /^550 5\.7\.511/ } },
  { on: ['recipient-block'], replies: { outlook: /^550 5\.7\.513/ } },
  { on: ['open-relay'], replies: { outlook: /^550 SC-003/ } },
  {
    on: ['low-domain-reputation'],
    replies: { gmail: /^550 5\.7\.1 .*reputation of the sending domain/, outlook: /^550 OU-002/, yahoo: 'spam', icloud: 'spam', gmx: 'spam', 't-online': 'spam', 'example.net': 'spam' },
  },
  { on: ['new-ip'], replies: { outlook: /^451 4\.7\.850/, icloud: /^451 4\.7\.1 \[BS02\]/, 't-online': /^554 IP=127.*\(NOWL\)/ } },
  { on: ['volume-jump'], replies: { gmail: /^421 4\.7\.28/, outlook: /^451 4\.7\.500 .*\(AS/, yahoo: /^421 4\.7\.0 \[IPTS04\]/, icloud: /^421 4\.7\.1 \[HCM1\]/ } },
  { on: ['spam-rate'], replies: { gmail: /^421 4\.7\.28 .*DKIM domain/, outlook: /^550 SC-004/, yahoo: /^553 5\.7\.2 \[TSS09\]/ } },
  {
    on: ['spam-content'],
    replies: {
      gmail: /^550 5\.7\.1 .*likely unsolicited/,
      outlook: /^550 SC-001/,
      yahoo: /^554 5\.7\.9/,
      icloud: /^550 5\.7\.1 \[CS01\]/,
      gmx: /^554 Transaction failed/,
      't-online': /^554 5\.7\.0/,
      'example.net': /^550 5\.7\.1 Spam/,
    },
  },
  {
    on: ['sender-domain-missing'],
    replies: { yahoo: /^451 .*does not resolve/, icloud: /^450 4\.1\.8/, gmx: /^550 [^]*Sender address is not allowed/, 't-online': /^550 5\.1\.8/, 'example.net': /^450 4\.1\.8/ },
  },
  {
    on: ['recipient-rate'],
    replies: { gmail: /^450 4\.2\.1/, outlook: /^451 4\.2\.1/, yahoo: /^451 /, icloud: /^450 4\.2\.1/, gmx: /^450 /, 't-online': /^450 4\.2\.1/, 'example.net': /^450 4\.2\.1/ },
  },
  { on: ['unknown-ip'], replies: { 't-online': /^554 IP=127.*\(NOWL\)/ } },
  { on: ['spf-missing'], replies: {} },
  { on: ['spf-fail'], replies: { gmx: /^550 [^]*SPF policy/ } },
  { on: ['dkim-broken'], replies: { gmx: /^554 [^]*DKIM/ } },
  { on: ['dkim-missing'], replies: { gmx: /^554 [^]*DKIM/ } },
  { on: ['dmarc-missing'], replies: {} },
  {
    on: ['spf-fail', 'dkim-missing'],
    replies: {
      gmail: /^550 5\.7\.26 The MAIL FROM domain \[example\.org\] has an SPF record with a hard fail/,
      outlook: 'spam',
      yahoo: /^550 5\.7\.9/,
      icloud: /^554 5\.7\.1 \[HME1\]/,
      gmx: /^550 [^]*SPF policy/,
      't-online': 'spam',
      'example.net': 'spam',
    },
  },
  {
    on: ['unauthenticated'],
    replies: {
      gmail: /^550 5\.7\.26 This mail has been blocked because the sender is unauthenticated/,
      outlook: 'spam',
      yahoo: /^550 5\.7\.9/,
      icloud: /^554 5\.7\.1 \[HME1\]/,
      gmx: /^554 /,
      't-online': 'spam',
      'example.net': 'spam',
    },
  },
  {
    on: ['dmarc-reject'],
    replies: {
      gmail: /^550 5\.7\.26 Unauthenticated email from example\.org is not accepted/,
      outlook: /^550 5\.7\.509/,
      yahoo: /^554 5\.7\.9/,
      icloud: /^554 5\.7\.1 .*DMARC/,
      gmx: /^554 [^]*domain owner policy/,
      't-online': /^550 5\.7\.1/,
      'example.net': /^550 5\.7\.1 .*DMARC/,
    },
  },
  {
    on: ['bulk-sender'],
    replies: { gmail: 'spam', outlook: 'spam', yahoo: 'spam', icloud: 'spam', gmx: /^554 [^]*one-click/, 't-online': 'spam', 'example.net': 'spam' },
  },
  { on: ['bulk-sender'], replies: {}, letter: { extra: ['List-Unsubscribe: <https://example.org/u>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'] } },
  ...(
    [
      ['spf-missing', /^550 5\.7\.27/],
      ['dkim-broken', /^550 5\.7\.30/],
      ['dmarc-missing', /^550 5\.7\.40/],
    ] as const
  ).map(([name, gmail]) => ({
    on: ['bulk-sender', name],
    replies: { gmail, outlook: /^550 5\.7\.515/, yahoo: /^550 5\.7\.9/, icloud: /^550 5\.7\.1 \[CS01\]/, gmx: /^554 /, 't-online': 'spam', 'example.net': 'spam' } as const,
  })),
  {
    on: ['bulk-sender', 'bulk-lenient', 'dmarc-missing'],
    replies: { gmail: /^421 4\.7\.31/, outlook: /^550 5\.7\.515/, yahoo: /^550 5\.7\.9/, icloud: /^550 5\.7\.1 \[CS01\]/, gmx: /^554 /, 't-online': 'spam', 'example.net': 'spam' },
  },
  {
    on: ['bulk-sender', 'bulk-lenient', 'spf-missing'],
    replies: { gmail: /^421 4\.7\.27 .*rate limited/, outlook: /^550 5\.7\.515/, yahoo: /^550 5\.7\.9/, icloud: /^550 5\.7\.1 \[CS01\]/, gmx: /^554 /, 't-online': 'spam', 'example.net': 'spam' },
  },
  {
    on: ['bulk-sender', 'no-tls'],
    replies: { gmail: /^550 5\.7\.29/, outlook: 'spam', yahoo: 'spam', icloud: 'spam', gmx: /^554 /, 't-online': 'spam', 'example.net': 'spam' },
  },
  {
    on: ['unknown-user'],
    replies: {
      gmail: /^550 5\.1\.1/,
      outlook: /^550 5\.5\.0/,
      yahoo: /^554 delivery error: dd/,
      icloud: /^550 5\.1\.1/,
      gmx: /^550 Requested action not taken: mailbox unavailable/,
      't-online': /^550 5\.1\.1/,
      'example.net': /^550 5\.1\.1 .*User unknown in local recipient table/,
    },
  },
  {
    on: ['over-quota'],
    replies: { gmail: /^452 4\.2\.2/, outlook: /^552 5\.2\.2/, yahoo: /^452 4\.2\.2/, icloud: /^552 5\.2\.2/, gmx: /^552 /, 't-online': /^552 5\.2\.2/, 'example.net': /^452 4\.2\.2/ },
  },
  everywhere('busy-mx', /^421 (?:4\.3\.2 )?Service not available/),
  everywhere('full-disk', /^452 (?:4\.3\.1 )?Insufficient/),
  everywhere('refused-mx', /^greeting: /),
  everywhere('drop-after-data', /^content: /),
  everywhere('reply-lost', /^content: /),
  everywhere('tls-broken', /^starttls: /),
  { on: ['no-tls'], replies: {} },
  { on: ['tls-expired'], replies: {} },
  {
    on: ['zone-servfail'],
    replies: { gmail: /^451 4\.7\.23/, outlook: /^451 /, yahoo: /^421 /, icloud: /^450 4\.1\.8/, gmx: /^421 /, 't-online': /^421 /, 'example.net': /^450 / },
  },
];

function everywhere(name: string, reply: RegExp) {
  return { on: [name], replies: Object.fromEntries(Object.keys(ADDRESS).map((provider) => [provider, reply])) as Record<Provider, RegExp> };
}

let parts: LabParts;
let finish: () => void;
let finished: Promise<void>;

before(async () => {
  await new Promise<void>((started, failed) => {
    finished = withLab(78, (lab) => {
      parts = lab;
      started();
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    finished.catch(failed);
  });
});

after(async () => {
  finish();
  await finished;
});

function words(result: SendResult): string {
  if (!result.reply) return `${result.step}: ${result.error}`;
  const { code, enhanced, text } = result.reply;
  return [code, enhanced, text].filter((part) => part !== undefined).join(' ');
}

for (const { on, replies, letter } of CASES) {
  test(`${on.join(' and ') || 'fair weather'}${letter ? ', with more header' : ''}`, async () => {
    for (const name of on) await parts.lab.scenario(name, 'on');
    try {
      for (const [provider, to] of Object.entries(ADDRESS) as [Provider, string][]) {
        const expected = replies[provider];
        const result = await parts.send(to, letter);
        if (expected instanceof RegExp) assert.match(words(result), expected, provider);
        else {
          assert.match(words(result), /^250 /, provider);
          assert.equal(parts.lab.inbox(provider).at(-1)?.folder, expected ?? 'inbox', `${provider}: ${parts.lab.inbox(provider).at(-1)?.placement}`);
        }
      }
    } finally {
      for (const name of on) await parts.lab.scenario(name, 'off');
    }
  });
}

test('rate-limit lets five a minute through', async () => {
  await parts.clock.pass(61_000);
  await parts.lab.scenario('rate-limit', 'on');
  const expected: Record<Provider, RegExp> = {
    gmail: /^421 4\.7\.28/,
    outlook: /^421 RP-001/,
    yahoo: /^421 4\.7\.0 \[TSS04\]/,
    icloud: /^421 4\.7\.1/,
    gmx: /^450 /,
    't-online': /^421 /,
    'example.net': /^450 4\.7\.1/,
  };
  for (const [provider, to] of Object.entries(ADDRESS) as [Provider, string][]) {
    for (let sent = 0; sent < 5; sent++) assert.match(words(await parts.send(to)), /^250 /, provider);
    assert.match(words(await parts.send(to)), expected[provider], provider);
  }
  await parts.clock.pass(61_000);
  assert.match(words(await parts.send(ADDRESS.gmail)), /^250 /);
  await parts.lab.scenario('rate-limit', 'off');
});

test('namespace-mining: three unknown recipients are too many for Outlook', async () => {
  await parts.lab.scenario('namespace-mining', 'on');
  for (let sent = 0; sent < 3; sent++) {
    const result = words(await parts.send(`nobody${sent}@outlook.com`));
    if (result.startsWith('550 SC-002')) break;
    assert.match(result, /^550 5\.5\.0/);
  }
  assert.match(words(await parts.send(ADDRESS.outlook)), /^550 SC-002/);
  await parts.lab.scenario('namespace-mining', 'off');
  assert.match(words(await parts.send(ADDRESS.outlook)), /^250 /);
});

test('connection-rate lets five connections a minute through', async () => {
  await parts.clock.pass(61_000);
  await parts.lab.scenario('connection-rate', 'on');
  for (let sent = 0; sent < 5; sent++) assert.match(words(await parts.send(ADDRESS.outlook)), /^250 /);
  assert.match(words(await parts.send(ADDRESS.outlook)), /^421 RP-002/);
  await parts.lab.scenario('connection-rate', 'off');
});

test('connection-limit refuses the second connection at a time', async () => {
  await parts.lab.scenario('connection-limit', 'on');
  for (const [provider, expected] of [['outlook', /^421 RP-003/], ['gmail', /^421 4\.7\.0 Too many concurrent/], ['example.net', /^421 4\.7\.0 .*too many connections/]] as const) {
    const mx = parts.lab.providers.find((each) => each.name === provider)?.mx;
    const held = connect({ host: mx?.address, port: Number(mx?.port), localAddress: parts.ip });
    assert.match(String((await once(held, 'data'))[0]), /^220 /);
    assert.match(words(await parts.send(ADDRESS[provider])), expected);
    held.destroy();
  }
  await parts.lab.scenario('connection-limit', 'off');
});

test('a few complaints bring [TSS05] of Yahoo, more of them [TSS09]', async () => {
  // Noon of the next day: no midnight comes in between.
  await parts.clock.pass(1.5 * DAY_MS - (parts.clock.now() % DAY_MS));
  for (let sent = 0; sent < 110; sent++) assert.match(words(await parts.send(ADDRESS.yahoo)), /^250 /);
  const complainOnce = async (): Promise<void> => {
    const message = parts.lab.inbox('yahoo').findLast((each) => !each.complained);
    await parts.lab.complain('yahoo', String(message?.id));
  };
  await complainOnce();
  assert.match(words(await parts.send(ADDRESS.yahoo)), /^421 4\.7\.0 \[TSS05\]/);
  await complainOnce();
  assert.match(words(await parts.send(ADDRESS.yahoo)), /^553 5\.7\.2 \[TSS09\]/);
  assert.equal(parts.lab.counters('yahoo').find((row) => row.kind === 'domain' && row.complaints > 0)?.complaints, 2);
  await parts.clock.pass(DAY_MS);
  assert.match(words(await parts.send(ADDRESS.yahoo)), /^250 /, 'a new day');
});

test('the narrower limits of Gmail name their culprit', async () => {
  const body = 'See https://shop.example.org/offer';
  for (const [name, culprit] of [['netblock', '127.78.0.0/24'], ['dkim', 'example.org'], ['spf', 'example.org'], ['url', 'shop.example.org']] as const) {
    await parts.clock.pass(61_000);
    await parts.lab.scenario(`rate-limit-${name}`, 'on');
    for (let sent = 0; sent < 5; sent++) assert.match(words(await parts.send(ADDRESS.gmail, { body })), /^250 /);
    const refused = words(await parts.send(ADDRESS.gmail, { body }));
    assert.match(refused, /^421 4\.7\.28 /);
    assert.ok(refused.includes(`[${culprit}]`), refused);
    await parts.lab.scenario(`rate-limit-${name}`, 'off');
  }
});

test('greylist defers a stranger for five minutes', async () => {
  await parts.lab.scenario('greylist', 'on', ['gmx.net']);
  assert.match(words(await parts.send('carol@gmx.net')), /^451 /);
  assert.match(words(await parts.send('carol@gmail.com')), /^250 /);
  await parts.clock.pass(200_000);
  assert.match(words(await parts.send('carol@gmx.net')), /^451 /);
  await parts.clock.pass(101_000);
  assert.match(words(await parts.send('carol@gmx.net')), /^250 /);
  await parts.lab.scenario('greylist', 'off');
});

test('reply-lost keeps the message, drop-after-data does not', async () => {
  const count = (): number => parts.lab.inbox('example.net').length;
  const earlier = count();
  await parts.lab.scenario('drop-after-data', 'on');
  await parts.send(ADDRESS['example.net']);
  assert.equal(count(), earlier);
  await parts.lab.scenario('drop-after-data', 'off');
  await parts.lab.scenario('reply-lost', 'on');
  await parts.send(ADDRESS['example.net']);
  assert.equal(count(), earlier + 1);
  await parts.lab.scenario('reply-lost', 'off');
});

test('slow-mx and banner-delay wait on the clock of the lab', async () => {
  for (const [name, seconds] of [['slow-mx', 3], ['banner-delay', 20]] as const) {
    await parts.lab.scenario(name, 'on', ['example.net']);
    const mx = parts.lab.providers.find((provider) => provider.name === 'example.net')?.mx;
    const socket = connect({ host: mx?.address, port: Number(mx?.port), localAddress: parts.ip });
    const banner = once(socket, 'data', { signal: AbortSignal.timeout(60_000) });
    const arrived = new AbortController();
    banner.finally(() => arrived.abort()).catch(() => {});
    const start = parts.clock.now();
    while (!arrived.signal.aborted) await parts.clock.pass(250);
    assert.match(String((await banner)[0]), /^220 /, name);
    assert.ok(parts.clock.now() - start >= seconds * 1000, name);
    socket.destroy();
    await parts.lab.scenario(name, 'off');
  }
});

test('blackhole-mx says nothing, and goes away with the client', async () => {
  await parts.lab.scenario('blackhole-mx', 'on', ['example.net']);
  const mx = parts.lab.providers.find((provider) => provider.name === 'example.net')?.mx;
  const socket = connect({ host: mx?.address, port: Number(mx?.port), localAddress: parts.ip });
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk;
  });
  await once(socket, 'connect');
  socket.end('EHLO mail.example.org\r\n');
  await once(socket, 'close');
  assert.equal(said, '');
  await parts.lab.scenario('blackhole-mx', 'off');
});
