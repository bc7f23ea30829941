/**
 * Where the last lab that this user started says which configuration is its own, so that `posthorn lab inbox gmail` needs no
 * --config. The file lies in a folder that others may write to: it is believed only when it is this user's own plain file.
 */
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LabPointer {
  /** Absolute path of the lab's posthorn.toml. */
  readonly config: string;
}

export function labPointerPath(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_RUNTIME_DIR'] || tmpdir(), `posthorn-lab-${process.getuid?.() ?? 0}.json`);
}

/** Undefined when there is none that can be believed. */
export function readLabPointer(environment: NodeJS.ProcessEnv): LabPointer | undefined {
  const path = labPointerPath(environment);
  try {
    const facts = lstatSync(path);
    if (!facts.isFile() || facts.uid !== (process.getuid?.() ?? facts.uid) || facts.size > 10_000) return undefined;
    const { config } = JSON.parse(readFileSync(path, 'utf8')) as Partial<LabPointer>;
    return typeof config === 'string' ? { config } : undefined;
  } catch {
    return undefined;
  }
}

/** Called by a lab when it is ready. */
export function writeLabPointer(environment: NodeJS.ProcessEnv, pointer: LabPointer): void {
  const path = labPointerPath(environment);
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, `${JSON.stringify(pointer)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

/** Called by a lab when it ends; leaves the pointer of a later lab alone. */
export function removeLabPointer(environment: NodeJS.ProcessEnv, pointer: LabPointer): void {
  if (readLabPointer(environment)?.config === pointer.config) rmSync(labPointerPath(environment), { force: true });
}
