/** The directory of mail in transit with the addresses that services of this server read (contract/service-mail.ts). */
import type { Directory, Resolution } from '../contract/directory.ts';
import type { ServiceOf } from '../contract/service-mail.ts';

/** Accounts and aliases go before services, services before catch-alls; where somebody has the address, a service may read along. */
export function createServiceDirectory(directory: Directory, serviceOf: ServiceOf): Directory {
  return {
    isLocalDomain: (domain) => directory.isLocalDomain(domain),
    maySendAs: (account, address) => directory.maySendAs(account, address),
    resolve: async (address) => {
      const resolution = await withServiceTargets(await directory.resolve(address), serviceOf);
      if (resolution.kind === 'remote' || resolution.kind === 'relay' || resolution.kind === 'disabled') return resolution;
      const found = await serviceOf(address);
      if (!found) return resolution;
      const isNobodys = resolution.kind === 'unknown' || ('catchAll' in resolution && resolution.catchAll === true);
      if (isNobodys) return { kind: 'service', service: found.service };
      return found.besideOwner && resolution.kind !== 'service' ? { ...resolution, alsoService: found.service } : resolution;
    },
  };
}

/** An alias may lead to an address that a service reads. */
async function withServiceTargets({ unresolved, ...resolution }: Resolution, serviceOf: ServiceOf): Promise<Resolution> {
  if (unresolved === undefined) return resolution;
  const read: string[] = [];
  for (const target of unresolved) if (await serviceOf(target)) read.push(target);
  if (read.length === 0) return resolution;
  if (resolution.kind === 'unknown' || resolution.kind === 'disabled') return { kind: 'alias', targets: read };
  if (resolution.kind === 'mailbox') return { kind: 'alias', targets: [resolution.account, ...read] };
  return resolution.kind === 'alias' ? { ...resolution, targets: [...resolution.targets, ...read] } : resolution;
}
