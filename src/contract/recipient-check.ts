/** Does this address exist at the inner server that we relay to? Asked while a client waits at RCPT. */
import type { Reply } from './message.ts';

export type RecipientCheck =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown'; /** What the inner server said. */ readonly reply: Reply }
  /** It could not be asked, or would not say. */
  | { readonly kind: 'unclear'; readonly detail: string };

/** Never rejects, and answers within RELAY_LIMITS.probeTimeoutMs. */
export type CheckRecipient = (address: string) => Promise<RecipientCheck>;
