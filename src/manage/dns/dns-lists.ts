/** The DNS lists that can be asked here: those that need no key, and those whose key [doctor] names. */
import { readFile, stat } from 'node:fs/promises';
import type { DoctorConfig } from '../../config/doctor-config.ts';
import { domainListsWith, type DomainList } from '../../verify/dnsbl/domain-lists.ts';
import { listsWith, type DnsList, type ListKey } from '../../verify/dnsbl/lists.ts';

const KEY_BYTES_MAX = 1000;
const READABLE_BY_OTHERS = 0o077;

/** A key that cannot be read makes its list one that gives no answer; nothing is thrown. */
export async function dnsListsOf(doctor: DoctorConfig | undefined): Promise<{ readonly lists: readonly DnsList[]; readonly domainLists: readonly DomainList[] }> {
  const [spamhaus, abusix] = await Promise.all([readKey(doctor?.spamhausKeyFile), readKey(doctor?.abusixKeyFile)]);
  return { lists: listsWith({ ...(spamhaus && { spamhaus }), ...(abusix && { abusix }) }), domainLists: domainListsWith(spamhaus) };
}

async function readKey(path: string | undefined): Promise<ListKey | undefined> {
  if (path === undefined) return undefined;
  try {
    const { mode, size } = await stat(path);
    if ((mode & READABLE_BY_OTHERS) !== 0) return { unusable: `its key in ${path} can be read by others than its owner; run chmod 600 ${path}` };
    const key = size > KEY_BYTES_MAX ? '' : (await readFile(path, 'utf8')).trim();
    // One label of a name.
    return /^[0-9A-Za-z_-]{1,63}$/.test(key) ? { key } : { unusable: `what is in ${path} is no key` };
  } catch (error) {
    return { unusable: `its key in ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` };
  }
}
