/** Where OAuth access tokens come from, as options of a command say it. */
import { UsageError } from './session.ts';

export interface TokenOptions {
  readonly tokenFile?: string;
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientSecretFile?: string;
  readonly refreshTokenFile?: string;
  readonly scope?: string;
}

export type TokenOrigin =
  | { readonly kind: 'file'; readonly tokenFile: string }
  | { readonly kind: 'refresh'; readonly tokenUrl: string; readonly clientId: string; readonly refreshTokenFile: string; readonly clientSecretFile?: string; readonly scope?: string };

/** Undefined when no token is named. `path` makes a file absolute. Throws a UsageError for half of what is needed. */
export function tokenOrigin({ tokenFile, tokenUrl, clientId, clientSecretFile, refreshTokenFile, scope }: TokenOptions, path: (file: string) => string): TokenOrigin | undefined {
  if (tokenFile !== undefined) return { kind: 'file', tokenFile: path(tokenFile) };
  if (tokenUrl === undefined) return undefined;
  if (clientId === undefined || refreshTokenFile === undefined) throw new UsageError('--token-url needs --client-id and --refresh-token-file beside it');
  return { kind: 'refresh', tokenUrl, clientId, refreshTokenFile: path(refreshTokenFile), ...(clientSecretFile === undefined ? {} : { clientSecretFile: path(clientSecretFile) }), ...(scope === undefined ? {} : { scope }) };
}
