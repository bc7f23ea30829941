/**
 * A client's connection (client-connection.ts) over a transport: what is read waits here for the session, what is written
 * waits here for the socket, and the one deadline that holds now is kept.
 *
 * Policy: before log-in the whole session has one deadline that nothing moves; afterwards a client may be silent for the
 * idle timeout of its protocol, counted from when the session began to wait, so that bytes that trickle in do not move
 * it. While the session works, no deadline runs here: what it waits for has its own. Input is read only up to a limit
 * while nobody takes it; output that nobody reads ends the connection.
 */
import { ACCESS_LIMITS } from '../../base/access-limits.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import type { LoginStanding } from '../../contract/directory.ts';
import { channelBindings } from '../../net/channel-binding.ts';
import { clientKey } from '../../net/network-list.ts';
import type { ChannelBindings } from '../../wire/sasl/server-step.ts';
import type { ClientConnection, ClientFacts, ReceivedBytes } from './client-connection.ts';
import type { Timed } from './deadlines.ts';
import { InputBuffer } from './input-buffer.ts';
import type { AccessProtocol, AccessService, FarewellReason } from './protocol.ts';
import type { Receiver } from './received-bytes.ts';
import type { SessionHost } from './session-host.ts';
import type { Transport, TransportOwner } from './transport.ts';

const NONE = Number.POSITIVE_INFINITY;
const YES = Promise.resolve(true);
const NO = Promise.resolve(false);

/** What happens when the deadline passes. */
type Waiting = 'input' | 'handshake' | 'drain' | 'close';

export class SessionConnection implements ClientConnection, TransportOwner, Timed {
  readonly client: ClientFacts;
  dueAt = NONE;
  account: string | undefined;
  standing: LoginStanding | undefined;
  readonly #host: SessionHost;
  readonly #protocol: AccessProtocol;
  readonly #transport: Transport;
  readonly #input = new InputBuffer();
  #output: (string | Uint8Array)[] = [];
  #outputBytes = 0;
  #idleMs: number;
  #loginDueAt: number;
  /** Of the read that is under way. */
  #readDueAt = NONE;
  #waiting: Waiting = 'input';
  #wake: ((more: boolean) => void) | undefined;
  #drainers: ((alive: boolean) => void)[] | undefined;
  #onClose: (() => void)[] | undefined;
  #isCounted = false;
  #clientEnded = false;
  #isStopping = false;
  /** Our last words are said. */
  #isEnding = false;
  #isClosed = false;

  /** `transport` makes one that reports to the connection it is given. */
  constructor(host: SessionHost, protocol: AccessProtocol, client: ClientFacts, transport: (owner: TransportOwner) => Transport) {
    this.#host = host;
    this.#protocol = protocol;
    this.client = client;
    this.#idleMs = protocol.idleTimeoutMs;
    this.#loginDueAt = host.deadlines.now() + ACCESS_LIMITS.loginDeadlineMs;
    this.#transport = transport(this);
    host.deadlines.watch(this);
  }

  get service(): AccessService {
    return this.#protocol.service;
  }

  get isSecure(): boolean {
    return this.#transport.tls !== undefined;
  }

  get plaintextAllowed(): boolean {
    return this.isSecure || this.client.trusted;
  }

  get canStartTls(): boolean {
    return !this.isSecure && !this.#transport.isCompressed && this.#host.secureContext() !== undefined;
  }

  get isCompressed(): boolean {
    return this.#transport.isCompressed;
  }

  get channelBindings(): ChannelBindings {
    return channelBindings(this.#transport.tls);
  }

  get hasInput(): boolean {
    return this.#input.size > 0;
  }

  /** False when the client has too many connections that have not logged in. */
  takePlace(): boolean {
    if (this.client.trusted) return true;
    this.#isCounted = this.#host.counts.enterClient(clientKey(this.client.address));
    return this.#isCounted;
  }

  async readLine(bytesMax: number): Promise<Buffer | 'too-long' | 'closed'> {
    this.#readDueAt = this.account === undefined ? this.#loginDueAt : this.#host.deadlines.now() + this.#idleMs;
    for (;;) {
      const line = this.#input.takeLine(bytesMax);
      if (line === 'too-long') return this.#dropLine();
      if (line !== undefined) return line;
      if (!(await this.#more())) return 'closed';
    }
  }

  async readBytes(size: number): Promise<Buffer | 'closed'> {
    const pieces: Buffer[] = [];
    const complete = await this.#transfer(size, (piece) => void pieces.push(piece));
    if (!complete) return 'closed';
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  async skip(size: number): Promise<'skipped' | 'closed'> {
    return (await this.#transfer(size, () => undefined)) ? 'skipped' : 'closed';
  }

  async receive(size: number): Promise<ReceivedBytes | 'closed'> {
    const receiver = this.#host.received.begin(size);
    let trouble: { readonly error: unknown } | undefined;
    const keep = async (piece: Buffer): Promise<void> => {
      if (!trouble) await receiver.write(piece).catch((error: unknown) => void (trouble = { error }));
    };
    const complete = await this.#transfer(size, keep);
    if (complete && !trouble) return finish(receiver);
    await receiver.giveUp();
    if (trouble) throw trouble.error;
    return 'closed';
  }

  write(data: string | Uint8Array): void {
    if (this.#isOver || data.length === 0) return;
    if (this.#output.length === 0) this.#host.flushDesk.add(this);
    const last = this.#output.length - 1;
    // Many short texts are one for the socket.
    if (typeof data === 'string' && typeof this.#output[last] === 'string') this.#output[last] = (this.#output[last] as string) + data;
    else this.#output.push(data);
    this.#outputBytes += data.length;
    if (this.#outputBytes >= ACCESS_LIMITS.outputBatchBytes) this.flush();
  }

  flush(): void {
    if (this.#output.length === 0) return;
    const batch = this.#output;
    this.#output = [];
    this.#outputBytes = 0;
    this.#transport.write(batch);
    if (this.#transport.unsentBytes > ACCESS_LIMITS.outputBytesMax) this.destroy();
  }

  drained(): Promise<boolean> {
    if (this.#isOver) return NO;
    this.flush();
    if (!this.#transport.mustDrain) return YES;
    this.#wait('drain', this.#host.deadlines.now() + ACCESS_LIMITS.writeDeadlineMs);
    return new Promise((resolve) => {
      (this.#drainers ??= []).push(resolve);
    });
  }

  async writeSource(source: ByteSource, start = 0, end = source.size): Promise<boolean> {
    if (source.inMemory) {
      this.write(source.inMemory.subarray(start, end));
      return this.drained();
    }
    try {
      for await (const chunk of source.chunks(start, end)) {
        this.write(chunk);
        if (!(await this.drained())) return false;
      }
      return true;
    } catch (error) {
      // The client was promised so many bytes; nothing that follows would be understood.
      this.destroy();
      throw error;
    }
  }

  /** `unread`: bytes of the handshake that came with something else. */
  async startTls(unread?: Buffer): Promise<boolean> {
    const context = this.#host.secureContext();
    if (!context) this.destroy();
    if (!context || this.#isOver) return false;
    this.flush();
    this.#input.clear();
    this.#wait('handshake', this.#host.deadlines.now() + ACCESS_LIMITS.tlsHandshakeDeadlineMs);
    const ready = await this.#transport.startTls(context, unread);
    this.#wait('input', NONE);
    return ready;
  }

  startCompression(): void {
    this.flush();
    const unread = this.#input.take(this.#input.size);
    this.#transport.startCompression(unread);
  }

  enter(account: string, standing?: LoginStanding): boolean {
    if (this.#isClosed || account === this.account) return true;
    if (!this.#host.counts.enterAccount(account)) return false;
    this.leaveAccount();
    this.#leaveClient();
    this.account = account;
    this.standing = standing;
    return true;
  }

  leaveAccount(): void {
    if (this.account !== undefined) this.#host.counts.leaveAccount(this.account);
    this.account = undefined;
    this.standing = undefined;
    this.#loginDueAt = this.#host.deadlines.now() + ACCESS_LIMITS.loginDeadlineMs;
  }

  setIdleTimeout(delayMs: number): void {
    this.#idleMs = delayMs;
  }

  onClose(then: () => void): void {
    if (this.#isClosed) then();
    else (this.#onClose ??= []).push(then);
  }

  end(): void {
    if (this.#isOver) return;
    this.flush();
    this.#isEnding = true;
    this.#input.clear();
    this.#wait('close', this.#host.deadlines.now() + ACCESS_LIMITS.lingerMs);
    this.#transport.end();
    this.#settleRead(false);
    this.#settleDrainers(false);
  }

  destroy(): void {
    this.#transport.destroy();
  }

  /** Says why, and ends it. */
  sayFarewell(reason: FarewellReason): void {
    this.write(this.#protocol.farewell(reason));
    this.end();
  }

  /** Ends the session when it next waits for its client, which may be now. */
  shutDown(): void {
    this.#isStopping = true;
    if (this.#wake) this.sayFarewell('shutting-down');
  }

  expired(): void {
    this.dueAt = NONE;
    if (this.#waiting !== 'input') return this.destroy();
    this.sayFarewell(this.account === undefined ? 'login-timeout' : 'idle');
  }

  data(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#input.push(chunk);
    if (this.#wake) this.#settleRead(true);
    else if (this.#input.size > ACCESS_LIMITS.inputBytesMax) this.#transport.pause();
  }

  ended(): void {
    this.#clientEnded = true;
    this.#settleRead(false);
  }

  writable(): void {
    if (!this.#drainers || this.#transport.mustDrain) return;
    this.#wait('input', this.#wake ? this.#readDueAt : NONE);
    this.#settleDrainers(true);
  }

  closed(): void {
    this.#isClosed = true;
    this.#output = [];
    this.#input.clear();
    this.#host.deadlines.unwatch(this);
    this.#leaveClient();
    if (this.account !== undefined) this.#host.counts.leaveAccount(this.account);
    this.#settleRead(false);
    this.#settleDrainers(false);
    const waiting = this.#onClose ?? [];
    this.#onClose = undefined;
    for (const then of waiting) then();
  }

  get #isOver(): boolean {
    return this.#isEnding || this.#isClosed;
  }

  /** Waits for the client; false when nothing more will come. */
  #more(): Promise<boolean> {
    if (this.#isStopping && !this.#isOver) this.sayFarewell('shutting-down');
    if (this.#isOver || this.#clientEnded) return NO;
    this.flush();
    this.#input.compact();
    this.#wait('input', this.#readDueAt);
    this.#transport.resume();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Counted bytes, piece by piece; false when they do not come. */
  async #transfer(size: number, take: (piece: Buffer) => Promise<void> | undefined): Promise<boolean> {
    let missing = size;
    let untilStep = 0;
    while (missing > 0) {
      if (untilStep <= 0) {
        untilStep = ACCESS_LIMITS.transferStepBytes;
        this.#readDueAt = this.#stepDueAt();
      }
      const piece = this.#input.take(missing);
      if (piece.length === 0) {
        if (!(await this.#more())) return false;
        continue;
      }
      missing -= piece.length;
      untilStep -= piece.length;
      const taken = take(piece);
      if (taken) await taken;
    }
    return !this.#isOver;
  }

  #stepDueAt(): number {
    const dueAt = this.#host.deadlines.now() + ACCESS_LIMITS.transferStepDeadlineMs;
    return this.account === undefined ? Math.min(dueAt, this.#loginDueAt) : dueAt;
  }

  async #dropLine(): Promise<'too-long' | 'closed'> {
    let dropped = 0;
    for (;;) {
      dropped += this.#input.size;
      if (this.#input.dropLine()) return 'too-long';
      if (dropped > ACCESS_LIMITS.discardedLineBytesMax) this.destroy();
      if (!(await this.#more())) return 'closed';
    }
  }

  #wait(what: Waiting, dueAt: number): void {
    this.#waiting = what;
    this.dueAt = dueAt;
    this.#host.deadlines.moved(this);
  }

  #settleRead(more: boolean): void {
    const wake = this.#wake;
    if (!wake) return;
    this.#wake = undefined;
    if (this.#waiting === 'input') this.dueAt = NONE;
    wake(more);
  }

  #settleDrainers(alive: boolean): void {
    const drainers = this.#drainers;
    this.#drainers = undefined;
    for (const resolve of drainers ?? []) resolve(alive);
  }

  #leaveClient(): void {
    if (this.#isCounted) this.#host.counts.leaveClient(clientKey(this.client.address));
    this.#isCounted = false;
  }
}

async function finish(receiver: Receiver): Promise<ReceivedBytes> {
  try {
    return await receiver.finish();
  } catch (error) {
    await receiver.giveUp();
    throw error;
  }
}
