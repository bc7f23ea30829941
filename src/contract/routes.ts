/** Routes: what an administrator says about the way of some mail, kept in the store. */
import type { Reply } from './message.ts';
import type { RelayTarget } from './sending.ts';

export type RouteTarget =
  | { readonly kind: 'relay'; readonly relay: RelayTarget }
  /** A folder on this machine for each recipient; `path` has placeholders (mail/maildir-path.ts). */
  | { readonly kind: 'maildir'; readonly path: string }
  /** The MX hosts of the recipient's domain, although another route or [relay] would hold. */
  | { readonly kind: 'mx' }
  | { readonly kind: 'refuse'; readonly reply: Reply };

export interface RouteRule {
  readonly match: 'recipient' | 'sender';
  /** Recipient: `user@example.net`, `example.net`, `.example.net` (every domain below), `*`; sender: `user@example.net`, `@example.net`. */
  readonly pattern: string;
  readonly target: RouteTarget;
  /** Mail from outside is accepted for this domain: we are its gateway or its backup MX. */
  readonly accept: boolean;
  /** Recipients are asked about at the relay before they are accepted. */
  readonly verify: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface Routes {
  /** The first that holds: by recipient (address, domain, nearest domain above, `*`), then by sender (address, domain). */
  find(sender: string, recipient: string): Promise<RouteRule | undefined>;
  /** The rule by which mail from outside is accepted for this recipient, though it is not ours. */
  acceptance(recipient: string): Promise<RouteRule | undefined>;
}
