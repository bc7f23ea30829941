/**
 * Which scripts run over a message of an account, compiled: those of the administrator before, the account's active one,
 * those of the administrator after.
 *
 * Policy: a compiled script is kept by the digest of its text, so that a delivery compiles nothing. A file that cannot be
 * read is the administrator's trouble and holds no mail up: it is logged and passed over.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_SIEVE } from '../../config/sieve-settings.ts';
import { compile, type CompileResult } from '../../sieve/script.ts';
import type { ScriptStore } from '../../store/clients/scripts.ts';

export interface LoadedScript {
  readonly name: string;
  readonly digest: string;
  /** Of the administrator, not of the user. */
  readonly isGlobal: boolean;
  readonly compiled: CompileResult;
}

export interface ScriptSourcesOptions {
  readonly config: Pick<Config, 'sieve'>;
  readonly scripts: Pick<ScriptStore, 'active' | 'get'>;
  readonly log: Log;
}

const COMPILED_MAX = 500;

export class ScriptSources {
  readonly #options: ScriptSourcesOptions;
  /** By digest, the one used last at the end. */
  readonly #compiled = new Map<string, CompileResult>();

  constructor(options: ScriptSourcesOptions) {
    this.#options = options;
  }

  /** In the order in which they run; empty for most accounts. */
  async of(account: string): Promise<readonly LoadedScript[]> {
    const { before, after } = this.#options.config.sieve ?? DEFAULT_SIEVE;
    const own = await this.#options.scripts.active(account);
    const files = async (paths: readonly string[]): Promise<readonly LoadedScript[]> => (await Promise.all(paths.map((path) => this.#ofFile(path)))).filter((script) => script !== undefined);
    return [...(await files(before)), ...(own ? [this.#load(own.name, own.content, false)] : []), ...(await files(after))];
  }

  /** For `include`: the text of a script. */
  async text(account: string, location: 'personal' | 'global', name: string): Promise<Uint8Array | undefined> {
    if (location === 'personal') return this.#options.scripts.get(account, name);
    const { globalFolder } = this.#options.config.sieve ?? DEFAULT_SIEVE;
    // A name, never a path.
    if (globalFolder === undefined || name !== basename(name) || name.startsWith('.')) return undefined;
    return this.#read(join(globalFolder, `${name}.sieve`));
  }

  async #ofFile(path: string): Promise<LoadedScript | undefined> {
    const content = await this.#read(path);
    return content && this.#load(basename(path), content, true);
  }

  async #read(path: string): Promise<Buffer | undefined> {
    try {
      const content = await readFile(path);
      if (content.length <= SIEVE_LIMITS.scriptBytesMax) return content;
      this.#options.log.error('sieve.file-failed', { path, error: 'it is larger than a script may be' });
    } catch (error) {
      this.#options.log.error('sieve.file-failed', { path, error: String(error) });
    }
    return undefined;
  }

  #load(name: string, content: Buffer, isGlobal: boolean): LoadedScript {
    const digest = createHash('sha256').update(content).digest('hex');
    const compiled = this.#compiled.get(digest) ?? compile(content);
    this.#compiled.delete(digest);
    this.#compiled.set(digest, compiled);
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= COMPILED_MAX) break;
      this.#compiled.delete(oldest);
    }
    return { name, digest, isGlobal, compiled };
  }
}
