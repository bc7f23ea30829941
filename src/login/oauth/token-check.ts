/**
 * Whose bearer token is this, and may they come in? The account is the one that the token names; a client that named
 * another is refused. Accounts that only the authorization server knows are not made here: the mailbox must exist, or a
 * back end must know it.
 */
import type { LoginConfig, OauthConfig } from '../../config/login-config.ts';
import type { LoginDenial, OauthRefusal } from '../../contract/directory.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreClients } from '../../store/store-clients.ts';
import type { Backends } from '../backends/backends.ts';
import { STAMP_ELSEWHERE } from '../standing.ts';
import type { Verdict } from '../verdict.ts';
import type { Introspection } from './introspection.ts';

export interface TokenCheckOptions {
  readonly store: Pick<StoreClients, 'directory'>;
  readonly settings: () => LoginConfig;
  readonly backends: Backends;
  readonly introspection: Introspection;
}

export class TokenCheck {
  readonly #options: TokenCheckOptions;

  constructor(options: TokenCheckOptions) {
    this.#options = options;
  }

  /** `named`: the account that the client asked for, as addressKey. Rejects with a temporary Failure when it cannot be found out. */
  async check(named: string | undefined, token: string): Promise<Verdict> {
    const { oauth, defaultDomain } = this.#options.settings();
    if (!oauth) return { kind: 'denied', account: undefined, reason: 'token', counts: true };
    const facts = await this.#options.introspection.look(token);
    if (!facts || (oauth.issuer !== undefined && facts.issuer !== oauth.issuer)) return denied(oauth, named, 'token', 'invalid_token');
    const account = addressKey(facts.username.includes('@') || defaultDomain === undefined ? facts.username : `${facts.username}@${defaultDomain}`);
    if (named !== undefined && named !== account) return denied(oauth, account, 'token', 'invalid_token');
    if (oauth.scope !== undefined && !oauth.scope.split(' ').every((word) => facts.scopes.includes(word))) return denied(oauth, account, 'scope', 'insufficient_scope');
    const { directory } = this.#options.store;
    let known = await directory.credentials(account);
    if (!known && (await this.#options.backends.provision(account))) known = await directory.credentials(account);
    if (!known) return denied(oauth, undefined, 'unknown-account', 'invalid_token');
    if (known.shared || known.disabled) return denied(oauth, account, known.shared ? 'shared' : 'disabled', 'invalid_token');
    return { kind: 'ok', account: known.address, stamp: STAMP_ELSEWHERE };
  }
}

function denied({ scope, openidConfiguration }: OauthConfig, account: string | undefined, reason: LoginDenial, status: OauthRefusal['status']): Verdict {
  const oauth: OauthRefusal = { status, ...(scope !== undefined && { scope }), ...(openidConfiguration !== undefined && { openidConfiguration }) };
  return { kind: 'denied', account, reason, counts: reason !== 'disabled' && reason !== 'shared', oauth };
}
