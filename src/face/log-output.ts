/**
 * Lines on their way to the log: gathered into blocks, and written in the background in the order in which they came.
 *
 * Policy: nothing here holds the server up, a full disk neither while it runs nor when it ends. What the disk does not take
 * waits, up to a limit, and is tried again. Lines from before a `reopen` belong in the old file. What is
 * left when the process ends, also by an error that nobody caught, is tried once. A file that takes nothing is told on
 * standard error, once until it takes lines again.
 */
import { closeSync, mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const STDERR = 2;
/** A busy server writes some hundred lines at once: with a call for each, logging was a sixth of a relayed message's processor time. */
const BLOCK_CHARS = 64 * 1024;
/** How long a line for a file may wait for others; for standard error, where somebody may be reading: until what happens now is over. */
const FILE_EVERY_MS = 100;
/** When a write has failed: the disk is full, or a pipe whose reader is slow. */
const AGAIN_AFTER_MS = 250;
/** Lines that wait; later ones are dropped. */
const WAITING_CHARS_MAX = 4 * 1024 * 1024;
const FILE_MODE = 0o640;

export class LogOutput {
  readonly #file: string | undefined;
  /** Absent while the file cannot be opened. */
  #fd: number | undefined;
  #lines: string[] = [];
  #chars = 0;
  /** So many of the lines came before the file was to be opened again. */
  #beforeReopen: number | undefined;
  /** Taken out of the lines, and not written yet. */
  #block = Buffer.alloc(0);
  #isWriting = false;
  /** The last write has failed, and is tried again by the timer. */
  #isResting = false;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isTold = false;
  readonly #onExit = (): void => this.#writeLast();

  /** No file: standard error. */
  constructor(file: string | undefined) {
    this.#file = file;
    this.#open();
    process.on('exit', this.#onExit);
  }

  /** Whole lines. */
  add(lines: string): void {
    if (this.#isOver || this.#chars + lines.length > WAITING_CHARS_MAX) return;
    this.#lines.push(lines);
    this.#chars += lines.length;
    if (!this.#isResting) this.#writeSoon();
  }

  /** After logrotate has moved the file. Nothing for standard error. */
  reopen(): void {
    if (this.#file === undefined) return;
    this.#beforeReopen = this.#lines.length;
    this.#write();
  }

  /** Writes out what waits, in the background; a process that ends by itself waits for that. */
  close(): void {
    this.#isOver = true;
    this.#write();
  }

  #writeSoon(): void {
    if (this.#chars >= BLOCK_CHARS) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), this.#file === undefined ? 0 : FILE_EVERY_MS);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isResting = false;
    if (this.#isWriting) return;
    if (this.#block.length === 0) this.#takeBlock();
    if (this.#block.length === 0) {
      if (this.#isOver) this.#end();
      return;
    }
    if (this.#fd === undefined) this.#open();
    if (this.#fd === undefined) return this.#rest();
    this.#isWriting = true;
    write(this.#fd, this.#block, (error, written) => {
      this.#isWriting = false;
      if (error) this.#failed(error);
      else this.#wrote(written);
    });
  }

  #takeBlock(): void {
    if (this.#beforeReopen === 0) this.#openAgain();
    const lines = this.#lines.splice(0, this.#beforeReopen ?? this.#lines.length);
    if (this.#beforeReopen !== undefined) this.#beforeReopen = 0;
    const text = lines.join('');
    this.#chars -= text.length;
    this.#block = Buffer.from(text);
  }

  #wrote(bytes: number): void {
    this.#isTold = false;
    this.#block = this.#block.subarray(bytes);
    if (this.#block.length > 0 || this.#beforeReopen !== undefined || this.#isOver) this.#write();
    else if (this.#lines.length > 0) this.#writeSoon();
  }

  #failed({ code, message }: NodeJS.ErrnoException): void {
    this.#tell(message);
    if (code === 'EPIPE') {
      // Nobody reads it any more.
      this.#isOver = true;
      this.#lines = [];
      this.#end();
    } else if (this.#beforeReopen !== undefined) {
      // Room is often made by removing the old file, and the new one may be on another disk.
      this.#openAgain();
      this.#write();
    } else if (this.#isOver && code !== 'EAGAIN') this.#end();
    else this.#rest();
  }

  #rest(): void {
    if (this.#isOver && this.#fd === undefined) return this.#end();
    this.#isResting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), AGAIN_AFTER_MS).unref();
  }

  /** Where somebody who starts the server, or the system's journal, sees it. */
  #tell(why: string): void {
    if (this.#file === undefined || this.#isTold) return;
    this.#isTold = true;
    write(STDERR, `posthorn: the log file ${this.#file} takes no lines (${why}); they wait, and it is tried again\n`, () => undefined);
  }

  #open(): void {
    try {
      this.#fd = this.#file === undefined ? STDERR : openFile(this.#file);
    } catch (error) {
      this.#fd = undefined;
      this.#tell((error as Error).message);
    }
  }

  #openAgain(): void {
    this.#beforeReopen = undefined;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#open();
  }

  #end(): void {
    process.off('exit', this.#onExit);
    if (this.#fd !== undefined && this.#fd !== STDERR) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** A block that is being written is not written again: the system finishes it. */
  #writeLast(): void {
    if (this.#fd === undefined) return;
    const text = Buffer.from(this.#lines.join(''));
    try {
      for (let left = this.#isWriting ? text : Buffer.concat([this.#block, text]); left.length > 0; ) left = left.subarray(writeSync(this.#fd, left));
    } catch {
      // Full, or nobody reads it: there is nobody left to tell.
    }
  }
}

function openFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, 'a', FILE_MODE);
}
