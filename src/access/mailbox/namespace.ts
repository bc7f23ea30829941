/**
 * The names that a user sees: their own folders as they are, and folders that others share with them as `Shared/owner@domain/Name`
 * (RFC 2342 other users' namespace). One `MailboxNames` per session.
 *
 * A folder that the user has no `l` right for does not exist for them, whatever they write (RFC 4314 §6).
 */
import { Failure } from '../../base/errors.ts';
import type { FolderFacts, MailboxPorts, Rights } from '../../contract/mailbox.ts';
import { normalizeFolderName } from '../../store/folder-name.ts';

export const SEPARATOR = '/';
/** Of folders that others share. */
export const SHARED_PREFIX = 'Shared/';
/** Only with an address in it: who has a folder of their own called Shared keeps it. */
const SHARED_NAME = /^Shared\/([^/]+@[^/]+)\/(.+)$/is;
/** RFC 4314 §2.1 in the order of contract/mailbox.ts. */
export const ALL_RIGHTS: Rights = 'lrswipkxtea';

export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

export interface NamedFolder {
  /** As the user sees it. */
  readonly name: string;
  readonly facts: FolderFacts;
  readonly rights: Rights;
}

/** Where a name that need not exist yet belongs: whose folder it would be, and its name there. */
export interface NamePlace {
  readonly owner: string;
  readonly ownName: string;
  /** As the user sees it, normalised. */
  readonly name: string;
  readonly shared: boolean;
}

export class MailboxNames {
  readonly #account: string;
  readonly #ports: Pick<MailboxPorts, 'folders' | 'sharing'>;

  constructor(account: string, ports: Pick<MailboxPorts, 'folders' | 'sharing'>) {
    this.#account = account;
    this.#ports = ports;
  }

  /** Throws Failure `folder-name-refused`. */
  place(name: string): NamePlace {
    const shared = SHARED_NAME.exec(name);
    if (!shared) {
      const own = normalizeFolderName(name);
      return { owner: this.#account, ownName: own, name: own, shared: false };
    }
    const owner = (shared[1] as string).toLowerCase();
    const ownName = normalizeFolderName(shared[2] as string);
    return { owner, ownName, name: `${SHARED_PREFIX}${owner}/${ownName}`, shared: true };
  }

  /** Undefined: there is none, or not for this user. */
  async find(name: string): Promise<NamedFolder | undefined> {
    const place = this.#placeOrNone(name);
    if (!place) return undefined;
    const facts = await this.#ports.folders.find(place.owner, place.ownName);
    if (!facts) return undefined;
    const rights = await this.rightsOn(facts);
    // Somebody who may do anything at all with a folder knows that it is there; only LIST hides what lacks `l`.
    return rights === '' ? undefined : { name: place.name, facts, rights };
  }

  /** Throws Failure `folder-unknown`, or `no-permission` when a right is missing. */
  async require(name: string, ...needed: readonly Right[]): Promise<NamedFolder> {
    const found = await this.find(name);
    if (!found) throw unknownMailbox(name);
    const missing = needed.filter((right) => !found.rights.includes(right));
    if (missing.length === 0) return found;
    // RFC 4314 §6: who may not look a mailbox up is not to learn that it is there.
    if (!found.rights.includes('l')) throw unknownMailbox(name);
    throw new Failure('no-permission', `your rights on ${quoted(found.name)} are "${found.rights}", this needs "${missing.join('')}" as well`, { temporary: false });
  }

  async rightsOn(facts: FolderFacts): Promise<Rights> {
    return facts.account === this.#account ? ALL_RIGHTS : this.#ports.sharing.rights(facts.id, this.#account);
  }

  /** Own folders, then shared ones, those that the user may look up; INBOX first. */
  async list(): Promise<readonly NamedFolder[]> {
    const [own, shared] = await Promise.all([this.#ports.folders.list(this.#account), this.#ports.sharing.sharedWith(this.#account)]);
    return [
      ...own.map((facts) => ({ name: facts.name, facts, rights: ALL_RIGHTS })),
      ...shared.filter(({ rights }) => rights.includes('l')).map(({ folder, rights }) => ({ name: this.nameOf(folder), facts: folder, rights })),
    ];
  }

  /** Names the user has subscribed, as they see them; there need not be a folder. */
  subscriptions(): Promise<readonly string[]> {
    return this.#ports.folders.subscriptions(this.#account);
  }

  /**
   * Makes sure that `name` may be made by this user, and makes the folders above it that are missing (RFC 9051 §6.3.4). Below a folder of somebody
   * else, that takes the right `k` on it; at the top of their folders nobody but the owner makes any. Throws Failures.
   */
  async prepare(name: string): Promise<NamePlace> {
    const place = this.place(name);
    const levels = place.ownName.split(SEPARATOR);
    let parent: FolderFacts | undefined;
    for (let depth = 1; depth < levels.length; depth++) {
      const above = levels.slice(0, depth).join(SEPARATOR);
      const found = await this.#ports.folders.find(place.owner, above);
      if (!found && place.shared) await this.#mayCreateBelow(parent, place);
      parent = found ?? (await this.#make(place.owner, above, parent, { implied: true }));
    }
    if (place.shared) await this.#mayCreateBelow(parent, place);
    return place;
  }

  /** Makes the folder; it takes over who may do what from the one above it (RFC 4314 §3). */
  async create(name: string, options: { readonly specialUse?: readonly string[] } = {}): Promise<NamedFolder> {
    const place = await this.prepare(name);
    const cut = place.ownName.lastIndexOf(SEPARATOR);
    const parent = cut < 0 ? undefined : await this.#ports.folders.find(place.owner, place.ownName.slice(0, cut));
    const facts = await this.#make(place.owner, place.ownName, parent, options);
    return { name: place.name, facts, rights: await this.rightsOn(facts) };
  }

  async #make(owner: string, ownName: string, parent: FolderFacts | undefined, options: { readonly specialUse?: readonly string[]; readonly implied?: boolean } = {}): Promise<FolderFacts> {
    const facts = await this.#ports.folders.create(owner, ownName, options);
    // Everybody has an INBOX; who may read it is not who may read what is made below it.
    if (!parent || parent.name === 'INBOX') return facts;
    for (const { identifier, rights } of await this.#ports.sharing.list(parent.id)) await this.#ports.sharing.set(facts.id, identifier, rights);
    return facts;
  }

  async #mayCreateBelow(parent: FolderFacts | undefined, place: NamePlace): Promise<void> {
    const rights = parent ? await this.rightsOn(parent) : '';
    if (rights.includes('k')) return;
    throw new Failure('no-permission', `you may not make mailboxes there, for ${quoted(place.owner)} has not given you the right "k"`, { temporary: false });
  }

  /** How the user sees a folder. */
  nameOf(facts: Pick<FolderFacts, 'account' | 'name'>): string {
    return facts.account === this.#account ? facts.name : `${SHARED_PREFIX}${facts.account}/${facts.name}`;
  }

  #placeOrNone(name: string): NamePlace | undefined {
    try {
      return this.place(name);
    } catch (error) {
      if (error instanceof Failure && error.code === 'folder-name-refused') return undefined;
      throw error;
    }
  }
}

function unknownMailbox(name: string): Failure {
  return new Failure('folder-unknown', `there is no mailbox ${quoted(name)}`, { temporary: false });
}

function quoted(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)}"`;
}
