/** Whether a domain is one of this server's. */
import { Failure } from '../../base/errors.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { ManageContext } from '../verb.ts';

/** Its key; rejects with Failure `domain-unknown` for the domains of others. */
export async function hostedDomain({ store }: Pick<ManageContext, 'store'>, name: string): Promise<string> {
  const key = domainKey(name);
  const { domains } = await store.directory.snapshot();
  if (domains.some((row) => row.name === key)) return key;
  throw new Failure('domain-unknown', `${key} is not a domain of this server: posthorn domain list shows those that are, posthorn domain add ${key} adds it`, { temporary: false });
}
