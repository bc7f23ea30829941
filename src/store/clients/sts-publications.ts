/** What domains of ours publish by MTA-STS. */
import type { StoreCall } from '../call.ts';
import type { StsPublicationRow } from '../ops/sts-publications.ts';

export type { StsPublicationRow };

export interface StsPublicationStore {
  get(domain: string): Promise<StsPublicationRow | undefined>;
  put(row: StsPublicationRow): Promise<void>;
  remove(domain: string): Promise<void>;
}

export function createStsPublicationStore(call: StoreCall): StsPublicationStore {
  return {
    get: (domain) => call('stsPublications.get', { domain }),
    put: (row) => call('stsPublications.put', row),
    remove: (domain) => call('stsPublications.remove', { domain }),
  };
}
