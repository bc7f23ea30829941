/** The directory of mail in transit with the addresses that services of this server read (contract/service-mail.ts). */
import type { Directory } from '../contract/directory.ts';
import type { ServiceOf } from '../contract/service-mail.ts';

/** Accounts and aliases go before services, services before catch-alls; where somebody has the address, a service may read along. */
export function createServiceDirectory(directory: Directory, serviceOf: ServiceOf): Directory {
  return {
    isLocalDomain: (domain) => directory.isLocalDomain(domain),
    maySendAs: (account, address) => directory.maySendAs(account, address),
    resolve: async (address) => {
      const resolution = await directory.resolve(address);
      if (resolution.kind === 'remote' || resolution.kind === 'relay' || resolution.kind === 'disabled') return resolution;
      const found = await serviceOf(address);
      if (!found) return resolution;
      const isNobodys = resolution.kind === 'unknown' || ('catchAll' in resolution && resolution.catchAll === true);
      if (isNobodys) return { kind: 'service', service: found.service };
      return found.besideOwner && resolution.kind !== 'service' ? { ...resolution, alsoService: found.service } : resolution;
    },
  };
}
