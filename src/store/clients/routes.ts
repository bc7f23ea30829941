/**
 * Routes for those who change them, and a copy in memory for mail in transit: it is read at the first question, and again
 * at the first question after a change by whatever thread. Passwords given with a route are kept in files of mode 0600
 * in `<data-dir>/keys/_relays/`, never in rows.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import type { RouteRule, Routes } from '../../contract/routes.ts';
import { domainPatterns, recipientPatterns, senderPatterns } from '../../mail/route-pattern.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { RecipientCheckRow, RouteKey } from '../ops/routes.ts';
import { keepCopy } from './kept-copy.ts';

/** Every change resolves after the synced commit. */
export interface RouteStore extends Routes {
  list(): Promise<readonly RouteRule[]>;
  /** Replaces the rule of the same pattern. Rejects with Failure `domain-hosted`, `too-many-routes`. */
  put(rule: RouteRule): Promise<void>;
  /** Also removes a password file that `keepSecret` made. Rejects with Failure `route-unknown`. */
  remove(key: RouteKey): Promise<void>;
  /** Writes the password of a route's relay; resolves with the file's path. */
  keepSecret(key: RouteKey, secret: string): Promise<string>;
  check(address: string): Promise<RecipientCheckRow | undefined>;
  noteCheck(row: RecipientCheckRow): Promise<void>;
}

export function createRouteStore(call: StoreCall, dataDir: string, changes: ChangeCount): RouteStore {
  const list = (): Promise<readonly RouteRule[]> => call('routes.list', undefined);
  const { current, changing } = keepCopy(changes, async (): Promise<ReadonlyMap<string, RouteRule>> => new Map((await list()).map((rule) => [keyOf(rule), rule])));
  return {
    list,
    find: async (sender, recipient) => {
      const rules = await current();
      if (rules.size === 0) return undefined;
      return firstOf(rules, 'recipient', recipientPatterns(recipient)) ?? firstOf(rules, 'sender', senderPatterns(sender));
    },
    acceptance: async (recipient) => {
      const rules = await current();
      return rules.size === 0 ? undefined : firstOf(rules, 'recipient', domainPatterns(recipient), ({ accept }) => accept);
    },
    put: async (rule) => {
      await changing(call('routes.put', rule));
      const kept = secretPath(dataDir, rule);
      const used = rule.target.kind === 'relay' && rule.target.relay.passwordFile === kept;
      if (!used) await rm(kept, { force: true });
    },
    remove: async (key) => {
      await changing(call('routes.remove', { match: key.match, pattern: key.pattern }));
      await rm(secretPath(dataDir, key), { force: true });
    },
    keepSecret: async (key, secret) => {
      const path = secretPath(dataDir, key);
      await writeSecret(path, secret);
      return path;
    },
    check: (address) => call('routes.check', { address }),
    noteCheck: (row) => call('routes.noteCheck', row),
  };
}

function keyOf({ match, pattern }: RouteKey): string {
  return `${match} ${pattern}`;
}

function firstOf(rules: ReadonlyMap<string, RouteRule>, match: RouteRule['match'], patterns: readonly string[], wanted: (rule: RouteRule) => boolean = () => true): RouteRule | undefined {
  for (const pattern of patterns) {
    const rule = rules.get(keyOf({ match, pattern }));
    if (rule && wanted(rule)) return rule;
  }
  return undefined;
}

/** Named by a hash, since a pattern may hold what a file name may not. No domain begins with an underscore. */
function secretPath(dataDir: string, key: RouteKey): string {
  const name = createHash('sha256').update(keyOf(key)).digest('hex').slice(0, 24);
  return join(dataDir, 'keys', '_relays', `${name}.password`);
}

/** In one step, so that a reader finds the old one or the new one. */
async function writeSecret(path: string, secret: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(`${secret}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    throw new Failure('secret-refused', `the password cannot be written to ${path} (${(cause as NodeJS.ErrnoException).code})`, { temporary: false, cause });
  }
}
