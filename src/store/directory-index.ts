/**
 * Answers whose an address is, from a snapshot of the rows; pure and in memory, so that RCPT costs nothing.
 *
 * Order, first match wins: the address itself (alias, then account) · the same in the domain that this one is an alias of ·
 * the part before the `+` (account, then alias) · postmaster and abuse, which every domain and the host must have (RFC 5321
 * §4.5.1, RFC 2142 §4, §5): the first account of the domain, else the first of all · the catch-all of the domain.
 *
 * Aliases are expanded to the end. A target that is nobody's or disabled is left out while others remain: the message
 * must not bounce because one of ten people left.
 */
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import type { Resolution } from '../contract/directory.ts';
import { addressKey, domainOf, localPartOf, normalizeDomain, splitDetail } from '../mail/address.ts';
import type { AccountRow, DomainRow, Snapshot } from './ops/directory.ts';

const ROLES: ReadonlySet<string> = new Set(['postmaster', 'abuse']);
/** Of the host itself, and of the domain that its own mail is from, also root: where cron and the system write to. */
const HOST_ROLES: ReadonlySet<string> = new Set(['postmaster', 'abuse', 'root']);

export class DirectoryIndex {
  readonly #hostname: string;
  readonly #origin: string;
  readonly #domains = new Map<string, DomainRow>();
  readonly #accounts = new Map<string, AccountRow>();
  readonly #aliases = new Map<string, string[]>();
  /** The first enabled account of a domain; of all under ''. */
  readonly #first = new Map<string, string>();

  /** `hostname` is the server's own name, `origin` what names without a domain get. */
  constructor(snapshot: Snapshot, hostname: string, origin = hostname) {
    this.#hostname = normalizeDomain(hostname);
    this.#origin = normalizeDomain(origin);
    for (const domain of snapshot.domains) this.#domains.set(domain.name, domain);
    for (const account of snapshot.accounts) {
      this.#accounts.set(account.address, account);
      if (account.disabled) continue;
      if (!this.#first.has('')) this.#first.set('', account.address);
      if (!this.#first.has(account.domain)) this.#first.set(account.domain, account.address);
    }
    for (const { address, target } of snapshot.aliases) {
      const targets = this.#aliases.get(address);
      if (targets) targets.push(target);
      else this.#aliases.set(address, [target]);
    }
  }

  /** A relay without accounts hosts nothing: then not even its own name is local. */
  isLocalDomain(domain: string): boolean {
    const name = normalizeDomain(domain);
    return this.#domains.has(name) || (name === this.#hostname && this.#first.has(''));
  }

  /** `address` in any spelling; without a domain it is meant for this host (RFC 5321 §4.5.1: `RCPT TO:<postmaster>`). */
  resolve(address: string): Resolution {
    const key = address.includes('@') ? addressKey(address) : addressKey(`${address}@${this.#hostname}`);
    const domain = domainOf(key);
    if (!this.isLocalDomain(domain)) return { kind: 'remote' };
    const found = this.#find(key, domain);
    if (!found) return { kind: 'unknown' };
    if (found.kind === 'account') return this.#mailbox(found.account, found.detail);
    const resolution = this.#expand(key, found.targets);
    return found.catchAll && (resolution.kind === 'mailbox' || resolution.kind === 'alias') ? { ...resolution, catchAll: true } : resolution;
  }

  maySendAs(account: string, address: string): boolean {
    const own = addressKey(account);
    if (!this.#accounts.has(own)) return false;
    if (addressKey(address) === own) return true;
    const resolution = this.resolve(address);
    if (resolution.kind === 'mailbox') return resolution.account === own;
    return resolution.kind === 'alias' && resolution.targets.includes(own);
  }

  #find(key: string, domain: string): Found | undefined {
    const local = localPartOf(key);
    const primary = this.#domains.get(domain)?.aliasOf ?? domain;
    return (
      this.#exact(key) ??
      this.#exact(`${local}@${primary}`) ??
      this.#withoutDetail(local, domain) ??
      this.#withoutDetail(local, primary) ??
      this.#role(splitDetail(local).base, domain, primary) ??
      this.#catchAll(domain) ??
      this.#catchAll(primary)
    );
  }

  #exact(key: string): Found | undefined {
    const targets = this.#aliases.get(key);
    if (targets) return { kind: 'alias', targets };
    return this.#accounts.has(key) ? { kind: 'account', account: key } : undefined;
  }

  #withoutDetail(local: string, domain: string): Found | undefined {
    const { base, detail } = splitDetail(local);
    if (detail === undefined) return undefined;
    const found = this.#exact(`${base}@${domain}`);
    return found?.kind === 'account' ? { ...found, detail } : found;
  }

  #role(local: string, domain: string, primary: string): Found | undefined {
    const roles = domain === this.#hostname || domain === this.#origin ? HOST_ROLES : ROLES;
    const account = roles.has(local) ? (this.#first.get(primary) ?? this.#first.get('')) : undefined;
    return account === undefined ? undefined : { kind: 'account', account };
  }

  #catchAll(domain: string): Found | undefined {
    const target = this.#domains.get(domain)?.catchAll ?? undefined;
    return target === undefined ? undefined : { kind: 'alias', targets: [target], catchAll: true };
  }

  #mailbox(account: string, detail: string | undefined): Resolution {
    if (this.#accounts.get(account)?.disabled) return { kind: 'disabled' };
    return { kind: 'mailbox', account, ...(detail === undefined ? {} : { detail }) };
  }

  #expand(start: string, targets: readonly string[]): Resolution {
    const leaves = new Set<string>();
    const seen = new Set([start]);
    const unresolved: string[] = [];
    let disabled = false;
    let level: readonly string[] = targets;
    for (let depth = 0; depth < DIRECTORY_LIMITS.aliasDepthMax && level.length > 0; depth += 1) {
      const next: string[] = [];
      for (const target of level) {
        if (seen.has(target) || leaves.size >= DIRECTORY_LIMITS.aliasTargetsMax) continue;
        seen.add(target);
        const domain = domainOf(target);
        const found = this.isLocalDomain(domain) ? this.#find(target, domain) : undefined;
        if (found?.kind === 'alias') next.push(...found.targets);
        else if (!this.isLocalDomain(domain)) leaves.add(target);
        else if (found && !this.#accounts.get(found.account)?.disabled) leaves.add(found.detail === undefined ? found.account : target);
        else if (found) disabled = true;
        else unresolved.push(target);
      }
      level = next;
    }
    const resolution = this.#expansion([...leaves], disabled);
    return unresolved.length > 0 ? { ...resolution, unresolved } : resolution;
  }

  #expansion(leaves: readonly string[], disabled: boolean): Resolution {
    const [only] = leaves;
    if (only === undefined) return { kind: disabled ? 'disabled' : 'unknown' };
    // One account and nobody else: as good as the account itself, so that DSN and delivery need no second step.
    return leaves.length === 1 && this.#accounts.has(only) ? { kind: 'mailbox', account: only } : { kind: 'alias', targets: leaves };
  }
}

type Found =
  | { readonly kind: 'alias'; readonly targets: readonly string[]; readonly catchAll?: true }
  | { readonly kind: 'account'; readonly account: string; readonly detail?: string };
