/** The DNS as one check asks it, so that it can be told for want of which answer nobody knows. */
import type { Dns } from '../contract/dns.ts';

/** A look-up that failed. */
export interface Unanswered {
  readonly name: string;
  readonly reason: string;
}

/** The same, and the first look-up through it that failed. */
export function watchedDns(dns: Dns): { readonly dns: Dns; readonly unanswered: () => Unanswered | undefined } {
  let first: Unanswered | undefined;
  return {
    dns: {
      query: async (name, type, options) => {
        const answer = await dns.query(name, type, options);
        if (answer.kind === 'failure') first ??= { name, reason: answer.reason };
        return answer;
      },
    },
    unanswered: () => first,
  };
}
