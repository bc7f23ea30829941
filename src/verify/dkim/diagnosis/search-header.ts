/** Tries guesses about a changed header, alone and in pairs, until the signed text is found or the limit is reached. */
import { DKIM_DIAGNOSIS_LIMITS } from '../../../base/dkim-limits.ts';
import type { HeaderField } from '../../../mail/header.ts';
import { signedText } from '../check-signature.ts';
import type { Signature } from '../signature.ts';
import { headerGuesses, type HeaderGuess } from './header-guesses.ts';
import type { SignedDigest } from './signed-digest.ts';

export interface HeaderFinding {
  readonly kind: 'found' | 'unknown';
  readonly guesses: readonly HeaderGuess[];
  readonly trials: number;
}

export async function searchHeader(fields: readonly HeaderField[], signature: Signature, oracle: Extract<SignedDigest, { kind: 'oracle' }>): Promise<HeaderFinding> {
  const limit = oracle.cheap ? DKIM_DIAGNOSIS_LIMITS.headerTrialsMax : DKIM_DIAGNOSIS_LIMITS.headerTrialsEd25519Max;
  let trials = 0;
  const fits = (guesses: readonly HeaderGuess[]): Promise<boolean> => {
    trials += 1;
    return oracle.isSigned(signedText(guesses.reduce<readonly HeaderField[]>((before, { undo }) => undo(before), fields), signature));
  };
  const all = headerGuesses(fields, signature.signedNames);
  for (const guess of all) {
    if (trials >= limit) break;
    if (await fits([guess])) return { kind: 'found', guesses: [guess], trials };
  }
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) {
      if (trials >= limit) return { kind: 'unknown', guesses: [], trials };
      if (one.field !== other.field && (await fits([one, other]))) return { kind: 'found', guesses: [one, other], trials };
    }
  }
  return { kind: 'unknown', guesses: [], trials };
}
