/** Forwarded mail: the way back for its bounces, and what the forward stage makes of an envelope. */
import type { EnvelopeRecipient } from './message.ts';

/** What an address is that bounces of forwarded mail come to. */
export type ReturnPath =
  /** Deliver to this address instead: the sender whose mail was forwarded. */
  | { readonly kind: 'sender'; readonly sender: string }
  | { readonly kind: 'refused'; readonly cause: 'forged' | 'expired'; readonly reason: string };

export interface ReturnPaths {
  /** Undefined: no such address of ours. Rejects with a temporary Failure when the store does not answer. */
  resolve(address: string): Promise<ReturnPath | undefined>;
}

/** One recipient behind an alias, as it goes on. */
export interface ForwardedRecipient extends EnvelopeRecipient {
  /** It has been here before on its way: to be returned, not sent. */
  readonly loop?: true;
}
