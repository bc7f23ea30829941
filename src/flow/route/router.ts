/**
 * Where a recipient goes next: a mailbox here, or the way that store/route-decision.ts finds: a relay or MX hosts.
 *
 * Policy: mail for a hosted domain is settled here and never leaves by MX, or a domain whose MX points elsewhere would
 * make a loop of it. Aliases are expanded when mail is accepted; one met here all the same (a notice to a sender who
 * wrote as an alias, an alias made since) leads to the first mailbox behind it, and waits when there is none, because a
 * queued recipient has one address and one fate. An administrator's reroute goes before the configured relay; it does not
 * lead local mail away. Mail for a disabled account is refused, so that the sender knows.
 */
import type { Config } from '../../config/config.ts';
import type { Directory, Resolution } from '../../contract/directory.ts';
import type { QueueMessage, RoutePlan, Router } from '../../contract/queue.ts';
import type { Routes } from '../../contract/routes.ts';
import { decideRoute } from '../../store/route-decision.ts';
import { relaySite, type SiteFinder } from './site-finder.ts';

export interface RouterOptions {
  readonly config: Pick<Config, 'relay'>;
  readonly directory: Directory;
  /** Absent: there are none. */
  readonly routes?: Pick<Routes, 'find'>;
  /** Absent: routes name no site. */
  readonly sites?: Pick<SiteFinder, 'find'>;
}

/** Of a domain that is ours. */
type OwnResolution = Exclude<Resolution, { kind: 'remote' | 'relay' }>;
type Alias = Extract<Resolution, { kind: 'alias' }>;

/** `route` rejects (temporary Failure) when the directory does. */
export function createRouter({ config, directory, routes, sites }: RouterOptions): Router {
  return {
    async route(message, recipient) {
      if (recipient.reroute?.kind === 'service') return toService(recipient.reroute.service);
      const resolution = await directory.resolve(recipient.address);
      if (resolution.kind === 'remote' || resolution.kind === 'relay') {
        const sender = recipient.reversePath ?? message.sender;
        const { plan } = await decideRoute({ config, ...(routes && { routes }) }, { sender, recipient });
        return withSite(plan, sites);
      }
      return local(resolution.kind === 'alias' ? await firstMailbox(directory, resolution) : resolution, message);
    },
  };
}

async function firstMailbox(directory: Directory, alias: Alias): Promise<OwnResolution> {
  for (const target of alias.targets) {
    const resolution = await directory.resolve(target);
    if (resolution.kind === 'mailbox') return resolution;
  }
  return alias;
}

function local(resolution: OwnResolution, message: QueueMessage): RoutePlan {
  switch (resolution.kind) {
    case 'mailbox':
      return { kind: 'local', key: 'local', account: resolution.account, folder: message.junk ? 'Junk' : 'INBOX' };
    case 'service':
      return toService(resolution.service);
    case 'unknown':
      return undeliverable(550, '5.1.1', 'No such mailbox here');
    case 'disabled':
      return undeliverable(550, '5.2.1', 'This mailbox is disabled');
    case 'alias':
      return undeliverable(451, '4.3.5', 'This address is an alias without a mailbox here; it is tried again');
  }
}

async function withSite(plan: RoutePlan, sites: RouterOptions['sites']): Promise<RoutePlan> {
  if (plan.kind === 'smarthost' && sites) return { ...plan, site: relaySite(plan.host, plan.port) };
  if (plan.kind === 'mx' && sites) return { ...plan, site: await sites.find(plan.domain) };
  return plan;
}

function toService(service: string): RoutePlan {
  return { kind: 'service', key: `service:${service}`, service };
}

function undeliverable(code: number, enhanced: string, text: string): RoutePlan {
  return { kind: 'undeliverable', key: 'undeliverable', reply: { code, enhanced, text } };
}
