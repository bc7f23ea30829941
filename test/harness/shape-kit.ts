/** A shaper with a clock of its own and a provider that answers as told: for tests that run hours in milliseconds. */
import { silentLog } from '../../src/base/log.ts';
import type { OutboundIp } from '../../src/config/config.ts';
import type { DeliveryOutcome } from '../../src/contract/queue.ts';
import type { MxSite, Permit } from '../../src/contract/sending.ts';
import type { SendRequest, SendResult } from '../../src/contract/shaper.ts';
import type { ShapedConfig } from '../../src/flow/shape/admission.ts';
import { createShaper, NO_MEMORY, type LiveShaper, type ShaperOptions } from '../../src/flow/shape/shaper.ts';
import { explainReply } from '../../src/mail/reply-meaning/explain.ts';
import { findSiteProfile } from '../../src/mail/sites/find-site.ts';
import type { LaneSave } from '../../src/store/clients/lanes.ts';
import { ManualClock } from './manual-clock.ts';

export { ManualClock };

export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export function siteFor(host: string): MxSite {
  const profile = findSiteProfile([host]);
  return profile ? { key: profile.key, title: profile.title, profile } : { key: host, title: host };
}

export interface ShapeSetup extends Partial<Pick<ShaperOptions, 'memory' | 'spf' | 'onInternet'>> {
  readonly ips?: readonly OutboundIp[];
  readonly outbound?: Partial<ShapedConfig['outbound']>;
  readonly config?: Partial<ShapedConfig>;
  readonly clock?: ManualClock;
}

export interface ShapeKit {
  readonly shaper: LiveShaper;
  readonly clock: ManualClock;
  readonly config: { -readonly [K in keyof ShapedConfig]: ShapedConfig[K] };
  readonly saved: LaneSave[];
  readonly told: (string | undefined)[];
}

export function shapeKit(setup: ShapeSetup = {}): ShapeKit {
  const clock = setup.clock ?? new ManualClock();
  const saved: LaneSave[] = [];
  const told: (string | undefined)[] = [];
  const config = { hostname: 'mail.example.org', outbound: { protocols: ['ipv4'] as const, port: 25, ips: setup.ips ?? [], ...setup.outbound }, shaping: { enabled: true, warmUp: true, lowVolume: 0 }, ...setup.config };
  const shaper = createShaper({
    config,
    clock,
    log: silentLog,
    store: { save: async (batch) => void saved.push(batch), pause: async () => {}, resume: async () => true },
    memory: setup.memory ?? NO_MEMORY,
    spf: setup.spf ?? (async () => true),
    random: () => 0,
    ...(setup.onInternet && { onInternet: setup.onInternet }),
  });
  shaper.onRoom((key) => told.push(key));
  return { shaper, clock, config, saved, told };
}

export function request(site: MxSite, more: Partial<SendRequest> = {}): SendRequest {
  return { site, stream: 'transactional', sender: 'alice@example.org', dkimDomain: 'example.org', recipients: 1, queuedAt: 0, ...more };
}

export interface Answer {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
  readonly mx?: string;
  /** Nothing was heard: our own words. */
  readonly silent?: boolean;
  readonly local?: boolean;
  readonly scope?: DeliveryOutcome['scope'];
  /** Said before the session began, as a greeting. */
  readonly greeting?: boolean;
  readonly reused?: boolean;
  readonly peer?: string;
}

export const TAKEN: Answer = { code: 250, text: 'ok' };

/** What the deliverer would report. */
export function resultOf(answer: Answer, localAddress?: string): SendResult {
  const { code, enhanced, text, mx = 'mx.test', silent = false, local = false, greeting = false } = answer;
  const reply = { code, text, ...(enhanced !== undefined && { enhanced }) };
  const status = code < 400 ? 'delivered' : code < 500 || greeting ? 'deferred' : 'failed';
  const opened = !silent && !local && !greeting;
  const outcome: DeliveryOutcome = {
    recipient: 0,
    status,
    scope: answer.scope ?? (local ? 'local' : silent || greeting ? 'host' : 'message'),
    reply,
    attempt: {
      mx,
      address: answer.peer ?? '198.51.100.7',
      ...(opened && { reused: answer.reused ?? false }),
      ...(localAddress !== undefined && { localAddress }),
      ...((silent || local) && { ownReply: true }),
    },
  };
  return { outcome, ...(status !== 'delivered' && { explanation: explainReply(reply, silent || local ? { own: true } : { mx }) }) };
}

/** Asks, and answers at once when it may go. */
export function attempt(kit: ShapeKit, asked: SendRequest, answer: Answer): 'sent' | string {
  const admission = kit.shaper.admit(asked);
  if (admission.kind === 'wait') return admission.rule;
  finish(kit, admission.permit, answer);
  return 'sent';
}

export function finish(kit: ShapeKit, permit: Permit, answer: Answer): void {
  kit.shaper.finish(permit, [resultOf(answer, permit.sources[0]?.address)]);
}

/** The permit, or an error with the reason. */
export function permitFor(kit: ShapeKit, asked: SendRequest): Permit {
  const admission = kit.shaper.admit(asked);
  if (admission.kind === 'wait') throw new Error(`${admission.rule}: ${admission.reason}`);
  return admission.permit;
}
