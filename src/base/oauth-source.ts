/** Where a bearer token of OAuth 2.0 comes from. */
export type OauthSource =
  /** A file that somebody else keeps fresh; read at each log-in. */
  | { readonly kind: 'file'; readonly tokenFile: string }
  /** RFC 6749 §6: fetched with a refresh token, and again when it is about to expire. */
  | {
      readonly kind: 'refresh';
      /** Https only. */
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecretFile?: string;
      readonly refreshTokenFile: string;
      readonly scope?: string;
    };
