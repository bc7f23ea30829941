/** What a running script may ask, answered from the store: folders, annotations, ids seen before, other scripts. */
import type { Clock } from '../../base/clock.ts';
import type { Annotations, FolderStore } from '../../contract/mailbox.ts';
import type { ScriptMemory } from '../../contract/queue.ts';
import type { SievePorts } from '../../sieve/script.ts';
import type { ScriptStore } from '../../store/clients/scripts.ts';
import type { ScriptSources } from './script-sources.ts';
import type { Turns } from './turns.ts';

export interface LookupPorts {
  readonly folders: Pick<FolderStore, 'find' | 'list' | 'create'>;
  readonly annotations: Pick<Annotations, 'list'>;
  readonly scripts: Pick<ScriptStore, 'remembers'>;
  readonly clock: Clock;
  /** Shared by all runs. */
  readonly turns: Turns;
}

/** `extend` takes what is to be remembered longer, should the message be delivered. */
export function sievePorts({ folders, annotations, scripts, clock, turns }: LookupPorts, sources: ScriptSources, account: string, extend: (memory: ScriptMemory) => void): SievePorts {
  const bySpecialUse = async (specialUse: string): Promise<string | undefined> => {
    const wanted = specialUse.toLowerCase();
    return (await folders.list(account)).find(({ specialUse: uses }) => uses.some((use) => use.toLowerCase() === wanted))?.name;
  };
  return {
    folderExists: async (name) => (await folders.find(account, name)) !== undefined,
    folderById: async (mailboxId) => (await folders.list(account)).find(({ objectId }) => objectId === mailboxId)?.name,
    folderForUse: bySpecialUse,
    specialUsesOf: async (name) => (await folders.find(account, name))?.specialUse ?? [],
    annotation: async (folder, entry) => {
      const facts = folder === undefined ? undefined : await folders.find(account, folder);
      if (folder !== undefined && !facts) return undefined;
      const wanted = entry.toLowerCase();
      const found = (await annotations.list(account, facts?.id)).find((each) => each.entry === wanted);
      return found && Buffer.from(found.value).toString();
    },
    seen: async (key, again) => {
      const at = clock.now();
      const known = await scripts.remembers({ account, kind: 'duplicate', key, at });
      if (known && again) extend({ account, kind: 'duplicate', key, expiresAt: at + again.seconds * 1000 });
      return known;
    },
    script: (location, name) => sources.text(account, location, name),
    pause: () => turns.next(),
  };
}
