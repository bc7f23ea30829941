/**
 * Verbs on shaping: pauses of a site, an address of ours, a sender, and what is paused. In the server they act at once;
 * without one they are in force from its next start.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneView, Pause, SiteView } from '../../contract/shaping-control.ts';
import { isDomainName, parseMailbox } from '../../mail/address.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

const kind = z.enum(['site', 'source', 'sender']);
/** Of a site, an address of ours, or a sender; '' never is one. */
const name = z.string().trim().min(1).max(320).regex(/^[^\s\p{C}]*$/u, 'must be one word, as posthorn queue stats and posthorn ip list show it');

/** How people name the address that the system chooses; '' inside. */
export const SYSTEM_SOURCE = 'system';

export interface ShapingState {
  readonly pauses: readonly Pause[];
  /** Empty without a running server. */
  readonly sites: readonly SiteView[];
  /** Empty without a running server; see ip.list. */
  readonly lanes: readonly LaneView[];
}

export async function orderPause(context: ManageContext, pause: Pause): Promise<Pause> {
  const { shaping, store, config } = context;
  if (pause.kind === 'source') checkSource(config.outbound.ips, pause.name);
  const paused = await pausesOf(context);
  if (paused.length >= SHAPE_LIMITS.pausesMax) throw new Failure('too-many-pauses', `there are ${SHAPE_LIMITS.pausesMax} pauses already: resume some first`, { temporary: false });
  const stored = { ...pause, name: nameOf(pause.kind, pause.name) };
  if (shaping) await shaping.pause(stored);
  else await store.lanes.pause(stored);
  return stored;
}

export async function orderResume({ shaping, store }: ManageContext, pauseKind: Pause['kind'], pauseName: string): Promise<void> {
  const stored = nameOf(pauseKind, pauseName);
  const found = await (shaping ? shaping.resume(pauseKind, stored) : store.lanes.resume(pauseKind, stored));
  if (!found) throw new Failure('not-paused', `the ${pauseKind === 'source' ? 'address' : pauseKind} ${pauseName} is not paused; posthorn queue pauses shows what is`, { temporary: false });
}

/** Those in force. */
export async function pausesOf({ shaping, store, clock }: ManageContext): Promise<readonly Pause[]> {
  if (shaping) return shaping.pauses();
  return (await store.lanes.pauses()).filter(({ until }) => until === undefined || until > clock.now());
}

/** Throws Failure `source-unknown`. */
export function checkSource(ips: readonly { readonly address: string }[], address: string): void {
  if (address === SYSTEM_SOURCE || ips.some((ip) => ip.address === address)) return;
  const known = ips.length > 0 ? ips.map((ip) => ip.address).join(', ') : `${SYSTEM_SOURCE} (outbound.ip names none)`;
  throw new Failure('source-unknown', `${address} is no address that mail leaves from; there are: ${known}`, { temporary: false });
}

export function sourceOf(address: string): string {
  return address === SYSTEM_SOURCE ? '' : address;
}

/** Return paths made for one message or recipient (`news+x=y@…`) are one sender in the queue: their own pause would stop nothing. */
function refuseWrongSender(given: string): void {
  if (!isDomainName(given.replace(/^@/, '')) && !parseMailbox(given, { utf8: true })) throw new Failure('address-refused', `${JSON.stringify(given)} is neither an address nor a domain: write it like name@example.org or example.org`, { temporary: false });
  const plain = given.replace(/^([^@+=]+)[+=][^@]*(@.*)$/, '$1$2');
  if (plain === given) return;
  throw new Failure('address-refused', `mail of all addresses like ${given} is sent as one sender; pause ${plain}`, { temporary: false });
}

/** Domains of senders may be written with an @ before them. */
function nameOf(pauseKind: Pause['kind'], given: string): string {
  if (pauseKind === 'source') return sourceOf(given);
  return pauseKind === 'sender' ? given.toLowerCase().replace(/^@/, '') : given.toLowerCase();
}

const pause = defineVerb({
  name: 'shaping.pause',
  summary: 'Sends nothing to a site, from an address of ours, or of a sender (address or domain) for a while.',
  args: z.strictObject({ kind, name, forMs: z.number().int().min(1000).optional(), reason: z.string().max(200).default('') }),
  run: async (context, { kind: pauseKind, name: given, forMs, reason }): Promise<Pause> => {
    if (pauseKind === 'sender') refuseWrongSender(given);
    const now = context.clock.now();
    return orderPause(context, { kind: pauseKind, name: given, reason, createdAt: now, ...(forMs !== undefined && { until: now + forMs }) });
  },
});

const resume = defineVerb({
  name: 'shaping.resume',
  summary: 'Ends a pause.',
  args: z.strictObject({ kind, name }),
  run: async (context, { kind: pauseKind, name: given }) => {
    await orderResume(context, pauseKind, given);
    return { kind: pauseKind, name: given };
  },
});

const list = defineVerb({
  name: 'shaping.list',
  summary: 'Lists the pauses in force, the sites in use and the states of lanes.',
  args: z.strictObject({}),
  run: async (context): Promise<ShapingState> => ({
    pauses: await pausesOf(context),
    sites: context.shaping?.sites() ?? [],
    lanes: context.shaping?.lanes() ?? [],
  }),
});

export const shapingVerbs = [pause, resume, list] as const;
