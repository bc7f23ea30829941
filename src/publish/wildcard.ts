/**
 * Wildcards (RFC 4592): a name server answers for names that do not exist with what stands at `*` above them, as if it
 * stood there. Nothing stands there, though: nothing is to be kept, and an update that expects it is refused.
 */

/** `*.b.c` and `*.c` for `a.b.c` in the zone `c`: where such an answer may come from, the nearest first. Empty for what is not below the zone. */
export function wildcardsAbove(name: string, zone: string): readonly string[] {
  if (!name.endsWith(`.${zone}`) || name.startsWith('*.')) return [];
  const labels = name.slice(0, -zone.length - 1).split('.');
  return labels.map((_, at) => ['*', ...labels.slice(at + 1), zone].join('.'));
}
