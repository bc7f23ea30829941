/**
 * Which SASL mechanisms are offered. SCRAM needs credentials that only the store has: with another back end it is left
 * out, because a client that chose it would fail and not try again. Tokens need an introspection server.
 */
import { DEFAULT_LOGIN, type LoginConfig } from '../config/login-config.ts';

export function offeredByPolicy({ mechanisms, oauth, backends }: LoginConfig = DEFAULT_LOGIN): readonly string[] {
  const tokens = oauth ? ['OAUTHBEARER', 'XOAUTH2'] : [];
  if (mechanisms) return mechanisms.filter((name) => oauth !== undefined || (name !== 'OAUTHBEARER' && name !== 'XOAUTH2'));
  const scram = backends.every(({ kind }) => kind === 'store') ? ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] : [];
  return [...scram, ...tokens, 'PLAIN', 'LOGIN'];
}
