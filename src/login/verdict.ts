/** What a check found, before throttle and audit have heard of it. */
import type { LoginDenial, OauthRefusal } from '../contract/directory.ts';

export type Verdict =
  | { readonly kind: 'ok'; readonly account: string; readonly appPassword?: string; /** See standing.ts. */ readonly stamp: string }
  | {
      readonly kind: 'denied';
      /** For the audit; undefined when there is no such account. */
      readonly account: string | undefined;
      readonly reason: LoginDenial;
      /** Was it a guess? */
      readonly counts: boolean;
      /** Names what was tried without telling it. */
      readonly digest?: string;
      readonly appPassword?: string;
      readonly oauth?: OauthRefusal;
    };
