/** Columns of messages put together: the pieces of one long order are told as one result. */
import type { MessageColumns } from '../../contract/mailbox.ts';

export function joinColumns(pieces: readonly MessageColumns[]): MessageColumns {
  if (pieces.length === 1) return pieces[0] as MessageColumns;
  const known = new Map<string, number>();
  const sets: (readonly string[])[] = [];
  const indexOf = (set: readonly string[]): number => {
    const key = JSON.stringify(set);
    const at = known.get(key) ?? sets.push(set) - 1;
    known.set(key, at);
    return at;
  };
  const flagSets = pieces.map((piece) => {
    const renamed = piece.sets.map(indexOf);
    return piece.flagSets.map((set) => renamed[set] as number);
  });
  return {
    uids: joinUids(pieces.map(({ uids }) => uids)),
    modseqs: joinNumbers(pieces.map(({ modseqs }) => modseqs)),
    flagSets: joinUids(flagSets),
    sets,
    internalDates: joinNumbers(pieces.map(({ internalDates }) => internalDates)),
    savedAts: joinNumbers(pieces.map(({ savedAts }) => savedAts)),
    sizes: joinNumbers(pieces.map(({ sizes }) => sizes)),
    mailIds: joinNumbers(pieces.map(({ mailIds }) => mailIds)),
  };
}

export function joinUids(pieces: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function joinNumbers(pieces: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
