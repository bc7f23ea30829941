/**
 * How the rest of the program reaches the operations that run in the storage thread: by name, `noun.operation`, with
 * arguments and result typed from the tables in store/operations.ts.
 *
 * Arguments and results are structured clones. A Buffer is often a window into a pool of 64 KiB that would be cloned
 * whole: pass `exactBytes(buffer)`. Bytes come back as Uint8Array: `asBuffer(bytes)` views them without a copy.
 */
import type { Operations } from './operations.ts';

type Names<Table> = { [Noun in keyof Table & string]: `${Noun}.${keyof Table[Noun] & string}` }[keyof Table & string];

export type OperationName = Names<Operations>;

type Find<Name extends OperationName> = Name extends `${infer Noun}.${infer Op}`
  ? Noun extends keyof Operations
    ? Op extends keyof Operations[Noun]
      ? Operations[Noun][Op]
      : never
    : never
  : never;

export type ArgsOf<Name extends OperationName> = Find<Name> extends (db: never, args: infer Args) => unknown ? Args : never;
export type ResultOf<Name extends OperationName> = Find<Name> extends (db: never, args: never) => infer Result ? Result : never;

/**
 * Resolves after the synced commit for a write, at once for a read. Rejects with Failure `store-full` (no space left),
 * `store-failed` (any other trouble, temporary), or the Failure that the operation threw.
 */
export type StoreCall = <Name extends OperationName>(name: Name, args: ArgsOf<Name>) => Promise<ResultOf<Name>>;

/** A copy that shares its memory with nothing, so that cloning it costs its own length. */
export function exactBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.prototype.slice.call(bytes);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
