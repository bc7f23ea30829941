/** Reads back the reverse-paths that the forward stage made (contract/forwarding.ts). */
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Directory } from '../../contract/directory.ts';
import type { ReturnPath, ReturnPaths } from '../../contract/forwarding.ts';
import { domainOf, normalizeDomain, parseMailbox } from '../../mail/address.ts';
import { isSrsAddress, readSrsAddress } from '../../mail/srs.ts';
import type { SrsStore } from '../../store/clients/srs.ts';

export interface ReturnPathOptions {
  readonly directory: Pick<Directory, 'isLocalDomain'>;
  readonly store: Pick<SrsStore, 'keys' | 'recall'>;
  readonly config: Pick<Config, 'forwarding'>;
  readonly clock: Pick<Clock, 'now'>;
}

export function createReturnPaths({ directory, store, config, clock }: ReturnPathOptions): ReturnPaths {
  const isOurs = async (domain: string): Promise<boolean> => normalizeDomain(domain) === config.forwarding.srsDomain || directory.isLocalDomain(domain);
  return {
    async resolve(address): Promise<ReturnPath | undefined> {
      if (!isSrsAddress(address) || !(await isOurs(domainOf(address)))) return undefined;
      const now = clock.now();
      const read = readSrsAddress(address, { keys: await store.keys(now), now });
      if (read.kind === 'other') return undefined;
      if (read.kind === 'forged' || read.kind === 'expired') return { kind: 'refused', cause: read.kind, reason: read.reason };
      const sender = read.kind === 'sender' ? read.sender : await store.recall(read.token);
      if (sender === undefined) return { kind: 'refused', cause: 'expired', reason: 'the sender behind it is forgotten' };
      // What the hash vouches for came in through MAIL FROM, so this is a net below the net.
      if (!parseMailbox(sender, { utf8: true })) return { kind: 'refused', cause: 'forged', reason: 'what it holds is no address' };
      return { kind: 'sender', sender };
    },
  };
}
