/**
 * Finds out where mail to our seed accounts ended up: what was delivered to them lately is looked for in their folders;
 * what is found is written down once, what stays away is missing in the end. A seed that cannot be read says nothing: its
 * mail is waited for longer.
 */
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { PLACEMENT_LIMITS } from '../base/placement-limits.ts';
import { Semaphore } from '../base/semaphore.ts';
import { MESSAGE_EVENTS } from '../contract/events.ts';
import { isFromOutside } from '../contract/message.ts';
import type { Placement, Seed } from '../contract/placement.ts';
import type { QueueItem } from '../contract/queue.ts';
import { addressKey, domainOf } from '../mail/address.ts';
import { OauthTokens } from '../net/oauth-tokens.ts';
import type { ClientTls } from '../net/tls.ts';
import type { Store } from '../store/store.ts';
import { credentialsOf } from './seed-secret.ts';
import { findInSeed } from './seed-mailbox.ts';

export interface CollectPorts {
  readonly store: Pick<Store, 'placement' | 'timeline' | 'dataDir'>;
  readonly clock: Clock;
  readonly tls: ClientTls;
  readonly tokens: OauthTokens;
}

export interface Collected {
  readonly found: readonly Placement[];
  readonly missing: readonly Placement[];
  readonly waiting: number;
  readonly troubles: readonly { readonly seed: string; readonly trouble: string }[];
}

/** Rejects when the store does. `only`: one seed. */
export async function collectPlacements(ports: CollectPorts, only?: string): Promise<Collected> {
  const { store, clock } = ports;
  const seeds = (await store.placement.seeds()).filter(({ address }) => only === undefined || address === only);
  await store.placement.removeBefore(clock.now() - PLACEMENT_LIMITS.keptMs);
  const places = new Semaphore(PLACEMENT_LIMITS.readAtOnceMax);
  const read = await Promise.all(seeds.map((seed) => places.run(() => readSeed(ports, seed))));
  return {
    found: read.flatMap(({ found }) => found),
    missing: read.flatMap(({ missing }) => missing),
    waiting: read.reduce((sum, { waiting }) => sum + waiting, 0),
    troubles: read.flatMap(({ trouble }, at) => (trouble === '' ? [] : [{ seed: seeds[at]?.address ?? '', trouble }])),
  };
}

interface SeedRead {
  readonly found: readonly Placement[];
  readonly missing: readonly Placement[];
  readonly waiting: number;
  readonly trouble: string;
}

async function readSeed(ports: CollectPorts, seed: Seed): Promise<SeedRead> {
  const { store, clock } = ports;
  await store.placement.expect(await sentTo(ports, seed));
  const waiting = await store.placement.waiting(seed.address, PLACEMENT_LIMITS.waitingMax);
  if (waiting.length === 0) return { found: [], missing: [], waiting: 0, trouble: '' };
  const now = clock.now();
  const looked = await withDeadline(clock, PLACEMENT_LIMITS.readMs, `reading ${seed.address}`, look(ports, seed, waiting, now)).then(
    (found) => ({ found, trouble: '' }),
    (error: unknown) => ({ found: [] as readonly Placement[], trouble: (error instanceof Error ? error.message : String(error)).slice(0, 300) }),
  );
  await store.placement.noteRead(seed.address, now, looked.trouble);
  const seen = new Set(looked.found.map(({ messageId }) => messageId));
  const late = looked.trouble === '' ? waiting.filter(({ messageId, sentAt }) => !seen.has(messageId) && now - sentAt > PLACEMENT_LIMITS.missingAfterMs) : [];
  const missing = late.map((placement): Placement => ({ ...placement, place: 'missing', foundAt: now }));
  if (looked.found.length + missing.length > 0) await store.placement.found([...looked.found, ...missing]);
  return { found: looked.found, missing, waiting: waiting.length - looked.found.length - missing.length, trouble: looked.trouble };
}

async function look({ store, tls, tokens }: CollectPorts, seed: Seed, waiting: readonly Placement[], now: number): Promise<readonly Placement[]> {
  const sealed = await store.placement.secret(seed.address);
  if (!sealed) return [];
  const { host, port, security } = seed;
  return findInSeed({ target: { host, port, security }, credentials: await credentialsOf(store.dataDir, seed, sealed, tokens), tls }, waiting, now);
}

type Sent = Pick<Placement, 'seed' | 'messageId' | 'queueId' | 'stream' | 'fromDomain' | 'test' | 'sentAt'>;

/** Mail of ours that the seed's provider took lately, tests as well as what users and programs sent. */
async function sentTo({ store, clock }: CollectPorts, seed: Seed): Promise<readonly Sent[]> {
  const since = Math.max(clock.now() - PLACEMENT_LIMITS.lookBackMs, seed.addedAt);
  const items = await store.timeline.find(seed.address, PLACEMENT_LIMITS.waitingMax);
  const sent: Sent[] = [];
  for (const item of items) {
    if (isFromOutside(item.message.origin) || item.message.queuedAt < since) continue;
    const each = await sentItem(store.timeline, item, seed.address);
    if (each) sent.push(each);
  }
  return sent;
}

async function sentItem(timeline: Store['timeline'], { message, recipients }: QueueItem, seed: string): Promise<Sent | undefined> {
  const recipient = recipients.find(({ address, state }) => state === 'delivered' && addressKey(address) === seed);
  const messageId = message.messageId?.trim();
  if (!recipient || !messageId) return undefined;
  const delivered = (await timeline.events(message.id)).findLast(({ name, recipient: index }) => name === MESSAGE_EVENTS.delivered && index === recipient.index);
  return {
    seed, messageId, queueId: message.id, stream: message.stream ?? 'transactional',
    fromDomain: domainOf((message.headerFrom ?? message.sender).replace(/>\s*$/, '')).toLowerCase() || domainOf(message.sender),
    test: messageId.startsWith(TEST_MARK), sentAt: delivered?.at ?? message.queuedAt,
  };
}

/** How the Message-ID of a test begins. */
export const TEST_MARK = '<placement.';
