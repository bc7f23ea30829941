/**
 * Seals mail that we forward (RFC 8617): with the key of the domain that forwards it, else of this host's. RSA, because
 * few verifiers of ARC know anything else. Mail of unknown standing is not sealed: the next server finds out itself.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import type { ArcReport } from '../../contract/auth-report.ts';
import type { SigningKey, SigningKeys } from '../../contract/directory.ts';
import type { ParsedHeader } from '../../mail/header.ts';
import { makeArcSet } from '../../verify/arc/make-set.ts';
import { createBodyHasher } from '../../verify/dkim/body-hasher.ts';

export interface SealInput {
  readonly header: Pick<ParsedHeader, 'fields' | 'bodyOffset'>;
  readonly content: ByteSource;
  /** Our verification of the chain that came with the message. */
  readonly arc: ArcReport;
  /** Our Authentication-Results field, whole. */
  readonly authenticationResults: Buffer;
  /** Whose key to use, the first that has one. */
  readonly domains: readonly string[];
}

export type Sealed =
  | { readonly kind: 'sealed'; readonly fields: Buffer; readonly instance: number; readonly cv: string; readonly domain: string; readonly selector: string }
  | { readonly kind: 'unsealed'; readonly reason: string };

export interface ArcSealer {
  /** Rejects when the content cannot be read or the key cannot sign. */
  seal(input: SealInput): Promise<Sealed>;
}

export function createArcSealer({ keys, clock }: { readonly keys: SigningKeys; readonly clock: Pick<Clock, 'now'> }): ArcSealer {
  return {
    async seal({ header, content, arc, authenticationResults, domains }) {
      if (arc.cv === 'temperror') return { kind: 'unsealed', reason: 'the chain that came with the message could not be verified now' };
      const key = await keyOf(keys, domains);
      if (!key) return { kind: 'unsealed', reason: `no DKIM key for ${domains.join(' or ')}` };
      const { cv } = arc;
      const made = await makeArcSet({
        ...key,
        fields: header.fields,
        bodyHash: await hashBody(content, header.bodyOffset),
        cv,
        results: valueOf(authenticationResults),
        now: clock.now(),
      });
      if (made.kind === 'none') return { kind: 'unsealed', reason: made.reason };
      return { kind: 'sealed', fields: made.fields, instance: made.instance, cv, domain: key.domain, selector: key.selector };
    },
  };
}

async function keyOf(keys: SigningKeys, domains: readonly string[]): Promise<SigningKey | undefined> {
  for (const domain of domains) {
    const [key] = await keys.forDomain(domain);
    if (key) return key;
  }
  return undefined;
}

/** With its folding, which the seal does not mind. */
function valueOf(field: Buffer): string {
  const text = field.toString('latin1');
  return text.slice(text.indexOf(':') + 1).trim();
}

async function hashBody(content: ByteSource, bodyOffset: number): Promise<Buffer> {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  for await (const chunk of content.chunks(bodyOffset)) hasher.update(chunk);
  return hasher.digest();
}
