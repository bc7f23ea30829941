import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeByModel } from './placement.ts';
import { gmail } from './providers/gmail.ts';
import type { MessageFacts } from './providers/profile.ts';

const GOOD: MessageFacts = {
  provider: gmail,
  ip: '127.0.0.10',
  iprev: { result: 'pass', address: '127.0.0.10', name: 'mail.example.org' },
  listedIn: [], listedAs: [], connections: { open: 1, perMinute: 1 },
  weather: () => false,
  rate: { perMinute: 0, allowed: 100 },
  unknownRecipients: 0,
  helo: 'mail.example.org',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  sender: 'alice@example.org',
  senderDomain: 'yes',
  messagesBefore: 0,
  recipients: ['bob@gmail.com'],
  header: { fromFields: 1, fromAddresses: 1, from: 'alice@example.org', fromDomain: 'example.org', messageIdFields: 1, subject: 'Hello', dateFields: 1, duplicates: [], oneClickUnsubscribe: false, listUnsubscribe: false },
  spf: { result: 'pass', domain: 'example.org', identity: 'mailfrom', explanation: '', lookups: 0, voidLookups: 0, trace: [] },
  dkim: [{ result: 'pass', domain: 'example.org' }],
  dmarc: { result: 'pass', fromDomain: 'example.org', policyDomain: 'example.org', policy: 'none', spfAligned: true, dkimAligned: true, explanation: '', walk: [] },
  arc: { cv: 'none', instances: 0 },
  bulk: false,
  culprits: [],
  sameMessageId: 1,
  complaintRate: 0,
  sizeBytes: 1000,
  spamPattern: false,
};

test('authenticated mail goes to the inbox, with the reason', () => {
  assert.deepEqual(placeByModel(GOOD), { folder: 'inbox', points: -2, reasons: ['-2 DMARC passes'] });
});

test('each of these alone sends even authenticated mail to the spam folder', () => {
  const reasons: readonly Partial<MessageFacts>[] = [{ spamPattern: true }, { bulk: true }, { weather: (name) => name === 'low-reputation' }];
  for (const reason of reasons) assert.equal(placeByModel({ ...GOOD, ...reason }).folder, 'spam', JSON.stringify(reason));
});

test('one blemish is forgiven, several are not', () => {
  const inTheClear = { ...GOOD, tls: undefined } as unknown as MessageFacts;
  assert.equal(placeByModel(inTheClear).folder, 'inbox');
  const failing = { ...inTheClear, dmarc: { ...GOOD.dmarc, result: 'fail' } } as MessageFacts;
  const placed = placeByModel(failing);
  assert.deepEqual([placed.folder, placed.points, placed.reasons], ['spam', 3, ['+2 DMARC fails with p=none', '+1 sent without TLS']]);
});
