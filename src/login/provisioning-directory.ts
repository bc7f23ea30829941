/**
 * The directory of mail in transit, for a server whose users are kept elsewhere, too: an address of a domain of ours that
 * nobody here has is asked about at the back ends, and gets its mailbox when one of them knows it. Mail then does not
 * have to wait for the user's first log-in.
 *
 * Policy: a back end that does not answer makes the question fail for now (451), never the recipient unknown.
 */
import type { LoginConfig } from '../config/login-config.ts';
import type { Directory } from '../contract/directory.ts';
import { addressKey, domainOf, localPartOf, splitDetail } from '../mail/address.ts';

export interface ProvisioningOptions {
  readonly directory: Directory;
  /** Makes a mailbox for an address that a back end knows (RunningLogin.provision). */
  readonly provision: (address: string) => Promise<boolean>;
  /** The live one. */
  readonly config: { readonly login?: LoginConfig };
}

export function createProvisioningDirectory({ directory, provision, config }: ProvisioningOptions): Directory {
  return {
    isLocalDomain: (domain) => directory.isLocalDomain(domain),
    maySendAs: (account, address) => directory.maySendAs(account, address),
    resolve: async (address) => {
      const resolution = await directory.resolve(address);
      const mayBeElsewhere = resolution.kind === 'unknown' || ('catchAll' in resolution && resolution.catchAll === true);
      if (!mayBeElsewhere || !hasOtherBackends(config.login) || !address.includes('@')) return resolution;
      const key = addressKey(address);
      const { base } = splitDetail(localPartOf(key));
      const made = (await provision(key)) || (base !== localPartOf(key) && (await provision(`${base}@${domainOf(key)}`)));
      return made ? directory.resolve(address) : resolution;
    },
  };
}

function hasOtherBackends(login: LoginConfig | undefined): boolean {
  return login?.backends.some(({ kind, provision }) => kind !== 'store' && provision !== false) ?? false;
}
