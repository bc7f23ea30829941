/**
 * Names of folders of elsewhere as they can be here: without what no name here may hold, not longer than allowed, and
 * each for one folder only. The same source gives the same names again, so that a second import finds its folders.
 */
import { createHash } from 'node:crypto';
import { DIRECTORY_LIMITS } from '../base/limits.ts';

const DIGEST_LETTERS = 8;

export class FolderNames {
  readonly #taken = new Set<string>();

  /** A name that no folder before has; two that differ only in a way that is no difference here get numbers. */
  take(name: string): string {
    const wanted = allowed(name);
    let free = wanted;
    for (let number = 2; this.#taken.has(sameAs(free)); number += 1) free = `${wanted}~${number}`;
    this.#taken.add(sameAs(free));
    return free;
  }
}

function sameAs(name: string): string {
  return name.replace(/^inbox(?=\/|$)/i, 'INBOX');
}

function allowed(name: string): string {
  const levels = name.toWellFormed().normalize('NFC').split('/').map((level) => level.replaceAll(/[\p{Cc}*%]/gu, '_'));
  const full = levels.map((level) => (level.trim() === '' ? '_' : level)).join('/');
  const bytesMax = DIRECTORY_LIMITS.folderNameBytesMax - DIGEST_LETTERS;
  if (Buffer.byteLength(full) <= bytesMax) return full;
  const digest = createHash('sha256').update(full).digest('hex').slice(0, DIGEST_LETTERS - 1);
  return `${Buffer.from(full).subarray(0, bytesMax - DIGEST_LETTERS).toString('utf8').replace(/\ufffd+$/, '').replace(/\/+$/, '')}~${digest}`;
}
