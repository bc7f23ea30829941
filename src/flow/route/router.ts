/**
 * Where a recipient goes next: a mailbox here, the smarthost, or the MX hosts of its domain.
 *
 * Policy: mail for a hosted domain is settled here and never leaves by MX, or a domain whose MX points elsewhere would
 * make a loop of it. Aliases were expanded before the message was queued; one that appeared since is asked again through
 * its targets by the stage that accepts, so here it is only temporary. A disabled account keeps its mail waiting nowhere:
 * it is refused, so that the sender knows.
 */
import type { Config } from '../../config/config.ts';
import type { Directory, Resolution } from '../../contract/directory.ts';
import type { QueueMessage, QueueRecipient, RoutePlan, Router } from '../../contract/queue.ts';
import { domainOf, normalizeDomain } from '../../mail/address.ts';

export interface RouterOptions {
  readonly config: Pick<Config, 'relay'>;
  readonly directory: Directory;
}

/** `route` rejects (temporary Failure) when the directory does. */
export function createRouter({ config, directory }: RouterOptions): Router {
  return {
    async route(message, recipient) {
      const resolution = await directory.resolve(recipient.address);
      return resolution.kind === 'remote' ? remote(config, recipient) : local(resolution, message);
    },
  };
}

function local(resolution: Exclude<Resolution, { kind: 'remote' }>, message: QueueMessage): RoutePlan {
  switch (resolution.kind) {
    case 'mailbox':
      return { kind: 'local', key: 'local', account: resolution.account, folder: message.junk ? 'Junk' : 'INBOX' };
    case 'unknown':
      return undeliverable(550, '5.1.1', 'No such mailbox here');
    case 'disabled':
      return undeliverable(550, '5.2.1', 'This mailbox is disabled');
    case 'alias':
      return undeliverable(451, '4.3.5', 'This address became an alias after the message was accepted; it is tried again');
  }
}

function remote(config: RouterOptions['config'], recipient: QueueRecipient): RoutePlan {
  const { relay } = config;
  if (relay) return { kind: 'smarthost', key: `smarthost:${relay.host}:${relay.port}`, ...relay };
  const domain = normalizeDomain(domainOf(recipient.address));
  if (domain === '') return undeliverable(550, '5.1.2', 'The domain of this address is not a valid domain name');
  return { kind: 'mx', key: `mx:${domain}`, domain };
}

function undeliverable(code: number, enhanced: string, text: string): RoutePlan {
  return { kind: 'undeliverable', key: 'undeliverable', reply: { code, enhanced, text } };
}
