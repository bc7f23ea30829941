/**
 * Which way mail goes that leaves this server. Order, first match wins: an administrator's order for this recipient
 * (`posthorn queue reroute`) · a route for the recipient (address, domain, nearest domain above, `*`) · a route for the
 * sender (address, domain) · [relay] · the MX hosts of the recipient's domain. It is the order of Postfix's
 * transport_maps, sender_dependent_relayhost_maps and relayhost.
 */
import type { Config } from '../config/config.ts';
import type { QueueRecipient, RoutePlan } from '../contract/queue.ts';
import type { RouteRule, Routes, RouteTarget } from '../contract/routes.ts';
import type { RelayTarget } from '../contract/sending.ts';
import { domainOf, normalizeDomain } from '../mail/address.ts';

export interface RouteDecision {
  readonly plan: RoutePlan;
  readonly because: 'order' | 'recipient' | 'sender' | 'relay' | 'mx';
  /** For `recipient` and `sender`. */
  readonly rule?: RouteRule;
}

export interface RouteQuestion {
  /** Envelope sender of this recipient's copy; '' is the null sender, for which no sender route holds. */
  readonly sender: string;
  readonly recipient: Pick<QueueRecipient, 'address' | 'reroute'>;
}

/** Rejects (temporary Failure) when the store does not answer. */
export async function decideRoute(ports: { readonly config: Pick<Config, 'relay'>; readonly routes?: Pick<Routes, 'find'> }, question: RouteQuestion): Promise<RouteDecision> {
  const { relay } = ports.config;
  const { address, reroute } = question.recipient;
  if (reroute?.kind === 'relay') {
    const known = relay?.host === reroute.host && relay.port === reroute.port;
    return { plan: relayPlan(known ? relay : { host: reroute.host, port: reroute.port, tls: 'opportunistic' }), because: 'order' };
  }
  if (reroute?.kind === 'mx') return { plan: mxPlan(address), because: 'order' };
  const rule = await ports.routes?.find(question.sender, address);
  if (rule) return { plan: planOf(rule.target, address), because: rule.match, rule };
  return relay ? { plan: relayPlan(relay), because: 'relay' } : { plan: mxPlan(address), because: 'mx' };
}

function planOf(target: RouteTarget, address: string): RoutePlan {
  switch (target.kind) {
    case 'relay':
      return relayPlan(target.relay);
    case 'mx':
      return mxPlan(address);
    case 'maildir':
      return { kind: 'maildir', key: 'maildir', path: target.path };
    case 'refuse':
      return { kind: 'undeliverable', key: 'undeliverable', reply: target.reply };
  }
}

/** The user name is in the key: what logs in as different users shares no connection. */
function relayPlan(relay: RelayTarget): RoutePlan {
  const user = relay.username === undefined ? '' : `:${relay.username}`;
  return { kind: 'smarthost', key: `${relay.protocol === 'lmtp' ? 'lmtp' : 'smarthost'}:${relay.host}:${relay.port}${user}`, ...relay };
}

function mxPlan(address: string): RoutePlan {
  const domain = normalizeDomain(domainOf(address));
  if (domain !== '') return { kind: 'mx', key: `mx:${domain}`, domain };
  const text = 'The domain of this address is not a valid domain name';
  return { kind: 'undeliverable', key: 'undeliverable', reply: { code: 550, enhanced: '5.1.2', text } };
}
