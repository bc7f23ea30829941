/**
 * One message into one Maildir: written to `tmp`, synced, linked into `new`, and the folder synced, so that what is
 * acknowledged is there after a power cut and no reader ever sees half a message.
 *
 * Policy: folders below the administrator's base belong to users, who may have put symbolic links in the way. Each is
 * opened for itself, never through a link, and what is in it is named through its descriptor, so that nobody can exchange
 * a folder between the look and the write. Missing folders are made for the user who owns the one above. Files are for
 * their owner alone.
 */
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '../../base/byte-source.ts';
import type { MaildirPlace } from '../../mail/maildir-path.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const SUBFOLDERS = ['tmp', 'new', 'cur'] as const;

export interface MaildirFile {
  readonly place: MaildirPlace;
  /** The unique name up to the sizes; `tmp` and `new` share it. */
  readonly name: string;
  /** CRLF lines, put before the content. */
  readonly prefix: Buffer;
  readonly content: ByteSource;
}

/** Resolves with the name in `new`, when the file is on the disk. Rejects with the system's error. */
export async function writeMaildirFile({ place, name, prefix, content }: MaildirFile): Promise<string> {
  const folders: Folder[] = [];
  try {
    let folder = await Folder.open(place.base, true);
    folders.push(folder);
    for (const below of place.names) folders.push((folder = await folder.enter(below)));
    const [temporary, fresh] = await Promise.all(SUBFOLDERS.map(async (sub) => {
      const opened = await folder.enter(sub);
      folders.push(opened);
      return opened;
    })) as [Folder, Folder, Folder];
    const size = await temporary.write(name, prefix, content);
    // Dovecot and Courier read the sizes from the name: as stored, and with CR LF at the end of lines.
    const final = `${name},S=${size},W=${prefix.length + content.size}`;
    try {
      await link(temporary.path(name), fresh.path(final));
    } finally {
      await unlink(temporary.path(name));
    }
    await fresh.sync();
    return final;
  } finally {
    await Promise.all(folders.map((folder) => folder.close()));
  }
}

class Folder {
  readonly #handle: FileHandle;
  readonly #path: string;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    // The descriptor stays what was opened, whatever happens to the name.
    this.#path = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path;
  }

  static async open(path: string, mayBeLink: boolean): Promise<Folder> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | (mayBeLink ? 0 : constants.O_NOFOLLOW);
    return new Folder(await open(path, flags), path);
  }

  path(name: string): string {
    return join(this.#path, name);
  }

  /** Makes it when it is missing, for the owner of this one. */
  async enter(name: string): Promise<Folder> {
    const path = this.path(name);
    try {
      return await Folder.open(path, false);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await mkdir(path, { mode: FOLDER_MODE }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const made = await Folder.open(path, false);
    await this.#giveTo(made.#handle);
    await this.sync();
    return made;
  }

  /** Bytes written: lines end in LF, as readers of Maildirs have it. */
  async write(name: string, prefix: Buffer, content: ByteSource): Promise<number> {
    const handle = await open(this.path(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, FILE_MODE);
    try {
      await this.#giveTo(handle);
      const lines = new UnixLines();
      let size = 0;
      const put = async (bytes: Buffer): Promise<void> => {
        size += bytes.length;
        if (bytes.length > 0) await handle.writeFile(bytes);
      };
      await put(lines.convert(prefix));
      for await (const chunk of content.chunks()) await put(lines.convert(chunk));
      await put(lines.end());
      await handle.sync();
      return size;
    } catch (error) {
      await unlink(this.path(name)).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Only the superuser delivers for others. */
  async #giveTo(handle: FileHandle): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await this.#handle.stat();
    if (uid !== 0) await handle.chown(uid, gid);
  }
}

const CR = 13;
const LF = 10;

/** CR LF becomes LF, also where it falls between two pieces. */
class UnixLines {
  #heldCr = false;

  convert(bytes: Buffer): Buffer {
    const out = Buffer.allocUnsafe(bytes.length + 1);
    let size = 0;
    let from = 0;
    if (this.#heldCr && bytes.length > 0) {
      if (bytes[0] !== LF) out[size++] = CR;
      this.#heldCr = false;
    }
    for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
      const isLast = at === bytes.length - 1;
      if (!isLast && bytes[at + 1] !== LF) continue;
      size += bytes.copy(out, size, from, at);
      from = at + 1;
      this.#heldCr = isLast;
    }
    size += bytes.copy(out, size, from);
    return out.subarray(0, size);
  }

  end(): Buffer {
    return this.#heldCr ? Buffer.from([CR]) : Buffer.alloc(0);
  }
}
