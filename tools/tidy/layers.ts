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
  /** The Sieve language: compiles and runs scripts, touches nothing. */
  sieve: ['contract', 'wire', 'mail', 'config', 'base'],
  /** Who somebody is: passwords, app passwords, tokens, back ends. */
  login: ['store', 'net', 'wire', 'contract', 'mail', 'config', 'base'],
  flow: ['sieve', 'store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
  /** Users who read mail: IMAP, POP3, ManageSieve. */
  access: ['sieve', 'store', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
  /** What decides whether mail arrives: one check, one finding, one remedy. */
  doctor: ['verify', 'contract', 'mail', 'config', 'base'],
  /** Mail in and out of the store in other shapes: import, export, backup, verification. */
  transfer: ['store', 'net', 'wire', 'contract', 'mail', 'config', 'base'],
  /** Seed accounts: where our mail ends up at providers. */
  placement: ['login', 'store', 'net', 'wire', 'contract', 'mail', 'config', 'base'],
  /** DNS zones: what should be published, compared with what is, and changed at whoever hosts them. */
  publish: ['net', 'wire', 'contract', 'mail', 'config', 'base'],
  manage: ['placement', 'publish', 'doctor', 'transfer', 'login', 'sieve', 'store', 'verify', 'contract', 'mail', 'config', 'base'],
  lab: ['verify', 'net', 'wire', 'mail', 'contract', 'config', 'base'],
  face: ['manage', 'contract', 'mail', 'config', 'base'],
  /** The composition root: sees everything, and nothing imports it. */
  compose: ['face', 'lab', 'manage', 'placement', 'publish', 'doctor', 'transfer', 'access', 'flow', 'login', 'sieve', 'store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
  main: ['compose', 'face', 'lab', 'manage', 'placement', 'publish', 'doctor', 'transfer', 'access', 'flow', 'login', 'sieve', 'store', 'verify', 'net', 'config', 'contract', 'wire', 'mail', 'base'],
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
