/**
 * Sets of IP addresses of one family, as ranges that neither touch nor overlap: what an SPF record allows, counted and
 * written as few networks as possible.
 */
import type { IpBytes } from '../ip-address.ts';

export type Family = 4 | 6;

/** First and last address, both included. */
export type AddressRange = readonly [first: bigint, last: bigint];
export type AddressSet = readonly AddressRange[];

export const NO_ADDRESSES: AddressSet = [];

export function everyAddress(family: Family): AddressSet {
  return [[0n, (1n << BigInt(bitsOf(family))) - 1n]];
}

export function networkSet(network: IpBytes, bits: number): AddressSet {
  const width = network.length * 8;
  const hostBits = BigInt(width - bits);
  const first = (numberOf(network) >> hostBits) << hostBits;
  return [[first, first + (1n << hostBits) - 1n]];
}

export function union(a: AddressSet, b: AddressSet): AddressSet {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const sorted = [...a, ...b].toSorted((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : 0));
  const merged: [bigint, bigint][] = [];
  for (const [first, last] of sorted) {
    const open = merged.at(-1);
    if (open && first <= open[1] + 1n) open[1] = last > open[1] ? last : open[1];
    else merged.push([first, last]);
  }
  return merged;
}

/** What is in `a` and not in `b`. */
export function difference(a: AddressSet, b: AddressSet): AddressSet {
  const left: AddressRange[] = [];
  for (const [first, last] of a) {
    let from = first;
    for (const [gapFirst, gapLast] of b) {
      if (gapLast < from || gapFirst > last) continue;
      if (gapFirst > from) left.push([from, gapFirst - 1n]);
      from = gapLast + 1n;
      if (from > last) break;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}

export function countAddresses(set: AddressSet): bigint {
  return set.reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
}

/** As `192.0.2.0/24`; a single address without its length. */
export function networksOf(set: AddressSet, family: Family): readonly string[] {
  const width = BigInt(bitsOf(family));
  const found: string[] = [];
  for (const [first, last] of set) {
    for (let from = first; from <= last; ) {
      // The largest block that begins here and does not reach beyond the end.
      let size = 0n;
      while (size < width && (from & ((1n << (size + 1n)) - 1n)) === 0n && from + (1n << (size + 1n)) - 1n <= last) size += 1n;
      const text = addressText(from, family);
      found.push(size === 0n ? text : `${text}/${width - size}`);
      from += 1n << size;
    }
  }
  return found;
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

function numberOf(bytes: IpBytes): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function addressText(value: bigint, family: Family): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  // RFC 5952 §4.2: the longest run of zeros becomes `::`.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
