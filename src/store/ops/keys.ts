/** Rows of DKIM keys: what is published. The private halves are files that the client writes first (store/key-files.ts). */
import { Failure } from '../../base/errors.ts';
import type { Database } from '../database.ts';

export interface KeyRow {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** Base64 as p= of the DNS record wants it. */
  readonly publicKey: string;
  /** `active` signs; `published` is in DNS before it signs; `retired` is in DNS until the last mail it signed has arrived. */
  readonly state: 'active' | 'published' | 'retired';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export const keyWrites = {
  /** Throws Failure `domain-unknown`, `selector-exists`. */
  add(db: Database, key: KeyRow): void {
    if (!db.get('SELECT 1 AS found FROM domains WHERE name = ?', key.domain)) {
      throw new Failure('domain-unknown', `${key.domain} is not a domain of this server: add it with posthorn domain add ${key.domain}`, { temporary: false });
    }
    const there = db.get<{ publicKey: string }>('SELECT public_key AS "publicKey" FROM dkim_keys WHERE domain = ? AND selector = ?', key.domain, key.selector);
    // The same key: asked a second time, since the first answer was lost.
    if (there?.publicKey === key.publicKey) return;
    if (there) {
      throw new Failure('selector-exists', `${key.domain} has a key with the selector ${key.selector} already: choose another`, { temporary: false });
    }
    db.run(
      'INSERT INTO dkim_keys (domain, selector, algorithm, public_key, state, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      key.domain, key.selector, key.algorithm, key.publicKey, key.state, key.createdAt,
    );
  },

  setState(db: Database, args: Pick<KeyRow, 'domain' | 'selector' | 'state'>): void {
    const { changes } = db.run('UPDATE dkim_keys SET state = ? WHERE domain = ? AND selector = ?', args.state, args.domain, args.selector);
    if (changes === 0) throw new Failure('key-unknown', `${args.domain} has no key with the selector ${args.selector}`, { temporary: false });
  },

  remove(db: Database, args: Pick<KeyRow, 'domain' | 'selector'>): void {
    db.run('DELETE FROM dkim_keys WHERE domain = ? AND selector = ?', args.domain, args.selector);
  },
};

export const keyReads = {
  /** Of one domain, or of all (''); RSA first, then by selector. */
  list(db: Database, args: { readonly domain: string }): readonly KeyRow[] {
    return db.all<KeyRow>(
      `SELECT domain, selector, algorithm, public_key AS "publicKey", state, created_at AS "createdAt" FROM dkim_keys
       WHERE ? IN ('', domain) ORDER BY domain, algorithm DESC, selector`,
      args.domain,
    );
  },
};
