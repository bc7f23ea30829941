/**
 * The table of layers: which folder of src/ may import which. ARCHITECTURE.md shows the same table to people.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  mail: ['base'],
  wire: ['base'],
  contract: ['mail', 'base'],
  config: ['mail', 'base'],
  net: ['contract', 'wire', 'mail', 'config', 'base'],
  verify: ['contract', 'mail', 'base'],
  store: ['contract', 'mail', 'config', 'base'],
  flow: ['store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
  manage: ['store', 'verify', 'contract', 'mail', 'config', 'base'],
  lab: ['verify', 'net', 'wire', 'mail', 'contract', 'config', 'base'],
  face: ['manage', 'contract', 'mail', 'config', 'base'],
  /** The composition root: sees everything, and nothing imports it. */
  compose: ['face', 'lab', 'manage', 'flow', 'store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
  main: ['compose', 'face', 'lab', 'manage', 'flow', 'store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
};

/** The stages of flow/ are siblings that know each other only through contract/. */
export const ISOLATED_PARENT = 'flow';

/** `src/flow/queue/retry.ts` → layer `flow`, stage `queue`; undefined outside src/. */
export function layerOf(path: string): { layer: string; stage?: string } | undefined {
  const parts = path.split('/');
  if (parts[0] !== 'src' || parts.length < 2) return undefined;
  const second = parts[1] as string;
  if (parts.length === 2) return { layer: second.replace(/\.ts$/, '') };
  return second === ISOLATED_PARENT ? { layer: second, stage: parts[2] as string } : { layer: second };
}
