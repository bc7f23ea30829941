/** `posthorn explain FILE`: a mail log (also compressed), or a bounce as a message file. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../../base/errors.ts';
import { MAILLOG_LIMITS } from '../../../base/maillog-limits.ts';
import { printable } from '../../../base/table.ts';
import { readBounce, type ReadBounce } from '../../../mail/bounce-reading.ts';
import { duration } from '../../../mail/maillog-reading/delay-words.ts';
import { groupFailures, type FailureGroup } from '../../../mail/maillog-reading/failure-groups.ts';
import { looksLikeLog } from '../../../mail/maillog-reading/log-line.ts';
import { looksLikeOwnLog } from '../../../mail/maillog-reading/own-log.ts';
import { MaillogReader, type LoggedFailure, type LoggedGroup, type MaillogStory } from '../../../mail/maillog-reading/maillog-reader.ts';
import type { CommonOptions, Session } from '../session.ts';
import { fileUnreadable, formatReply } from '../words.ts';
import { Progress } from '../progress.ts';

interface Shown {
  /** Each failure by itself. */
  readonly all: boolean;
  readonly limit: number;
}

const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);
const PROGRESS_BYTES = 10_000_000;
const LF = 10;

/** 1 when mail was not delivered. */
export async function explainFile(session: Session, options: CommonOptions, file: string, shown: Shown): Promise<number> {
  try {
    const source = await open(session, file);
    const head = await source.head();
    refuseForeign(file, head);
    const text = head.toString('utf8');
    if (looksLikeLog(text) || looksLikeOwnLog(text)) return await explainLog(session, options, source.chunks(), shown);
    return explainBounce(session, options, file, await wholeMessage(source.chunks(), file));
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error) || !('code' in error)) throw error;
    throw String(error.code).startsWith('Z_') ? new Failure('file-unreadable', `cannot read ${file}: it is no sound gzip file`, { temporary: false, cause: error }) : fileUnreadable(file, error);
  }
}

/** Packers that are not read here, by their first bytes, with the program that unpacks. */
const PACKED: readonly (readonly [bytes: string, name: string, unpack: string])[] = [['fd377a585a00', 'xz', 'xz -dc'], ['425a68', 'bzip2', 'bzip2 -dc'], ['28b52ffd', 'zstd', 'zstd -dc'], ['504b0304', 'zip', 'unzip -p']];
/** Logs of other programs, and how to get one that can be read. */
const FOREIGN: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |exim |Start queue run)/m, 'a log of Exim. Only logs of Postfix and Posthorn are read; posthorn explain "550 …" explains a single reply'],
  [/ (?:sendmail|sm-mta|sm-msp-queue)\[\d+\]: /, 'a log of Sendmail. Only logs of Postfix and Posthorn are read; posthorn explain "550 …" explains a single reply'],
  [/^\{.*"__REALTIME_TIMESTAMP"/, 'a journal as JSON. Write it as lines: journalctl -u "postfix*" -o short-iso'],
];

/** Throws a Failure that says what it is instead. */
function refuseForeign(file: string, head: Buffer): void {
  const refuse = (words: string): never => {
    throw new Failure('file-unreadable', `${file} is ${words}`, { temporary: false });
  };
  if (head.length === 0) refuse('empty');
  const hex = head.subarray(0, 8).toString('hex');
  const [, name = '', unpack = ''] = PACKED.find(([bytes]) => hex.startsWith(bytes)) ?? [];
  if (name !== '') refuse(`packed with ${name}. Unpack it on the way: ${unpack} ${file} | posthorn explain -`);
  const text = head.subarray(0, 8192).toString('latin1');
  if (text.includes(' postfix')) return;
  for (const [pattern, words] of FOREIGN) if (pattern.test(text)) refuse(words);
}

interface Source {
  /** The beginning, unpacked; what chunks() gives begins with it again. */
  head(): Promise<Buffer>;
  chunks(): AsyncIterable<Buffer>;
}

async function open({ io }: Session, file: string): Promise<Source> {
  const raw = (file === '-' ? io.stdin : createReadStream(resolve(io.cwd, file))) as Readable;
  const packed = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  const first = await packed.next().catch((cause: unknown) => {
    throw fileUnreadable(file, cause);
  });
  const whole = (async function* (): AsyncGenerator<Buffer> {
    for (let next = first; !next.done; next = await packed.next()) yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
  })();
  const compressed = !first.done && Buffer.from(first.value).subarray(0, 2).equals(GZIP);
  const plain = compressed ? unpacked(whole) : whole;
  const begun = await plain.next();
  return {
    head: () => Promise.resolve(begun.done ? Buffer.alloc(0) : begun.value),
    chunks: async function* () {
      if (begun.done) return;
      yield begun.value;
      yield* plain;
    },
  };
}

async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const feeding = (async () => {
    for await (const chunk of packed) if (!gunzip.write(chunk)) await new Promise((done) => gunzip.once('drain', done));
    gunzip.end();
  })().catch((error: unknown) => void gunzip.destroy(error as Error));
  yield* gunzip as AsyncIterable<Buffer>;
  await feeding;
}

async function wholeMessage(chunks: AsyncIterable<Buffer>, file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of chunks) {
    size += piece.length;
    if (size > MESSAGE_BYTES_MAX) throw new Failure('file-unreadable', `${file} is neither a mail log nor a message: it has more than ${MESSAGE_BYTES_MAX} bytes and no line of a mail log in front`, { temporary: false });
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function explainLog(session: Session, options: CommonOptions, chunks: AsyncIterable<Buffer>, shown: Shown): Promise<number> {
  const progress = new Progress(session.io, options.json ?? false);
  const reader = new MaillogReader(Date.now());
  const cutter = new LineCutter();
  let bytes = 0;
  for await (const chunk of chunks) {
    for (const line of cutter.push(chunk)) reader.read(line);
    if (Math.floor(bytes / PROGRESS_BYTES) !== Math.floor((bytes + chunk.length) / PROGRESS_BYTES)) progress.show(`${Math.round(bytes / 1_000_000)} MB`);
    bytes += chunk.length;
  }
  for (const line of cutter.end()) reader.read(line);
  progress.clear();
  const story = reader.end();
  const groups = groupFailures(story.failures, MAILLOG_LIMITS.examplesMax);
  if (options.json) session.out.json({ ...story, groups });
  else showLog(session, story, groups, shown);
  return story.failures.some(({ state }) => state !== 'sent') ? 1 : 0;
}

/**
 * Cuts bytes into lines. Each line is a string of its own: a piece of a larger string would keep all of it in memory for
 * as long as anything of the line is remembered.
 */
class LineCutter {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Iterable<string> {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      yield this.#line(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)]).subarray(0, MAILLOG_LIMITS.lineCharsMax);
  }

  *end(): Iterable<string> {
    if (this.#rest.length > 0) yield this.#line(Buffer.alloc(0));
  }

  /** SMTPUTF8 addresses stand in logs as they are; what is no UTF-8 comes out as a sign for it. */
  #line(piece: Buffer): string {
    const line = (this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])).toString('utf8');
    if (this.#rest.length > 0) this.#rest = Buffer.alloc(0);
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}

function showLog({ out }: Session, story: MaillogStory, groups: readonly FailureGroup[], { all, limit }: Shown): void {
  const { sent, bounced, expired, waiting } = story.recipients;
  if (story.understood === 0) return out.line('There is no line of Postfix or Posthorn in this log.');
  out.line(out.style('bold', `${story.first} to ${story.last}: ${story.lines} lines`));
  out.line(`Recipients: ${sent} delivered, ${bounced} bounced, ${expired} given up, ${waiting} still waiting at the end`);
  if (groups.length === 0) out.line(sent === 0 ? 'There is no delivery in this log.' : 'Every delivery of this log succeeded at the first attempt.');
  const count = all ? story.failures.length : groups.length;
  if (all) for (const failure of story.failures.slice(0, limit)) showFailure(out, failure);
  else for (const group of groups.slice(0, limit)) showGroup(out, group);
  if (count > limit) out.line(`\n… and ${count - limit} more: --limit ${Math.min(count, 1000)} shows them.`);
  if (story.untold > 0) out.line(`\n${story.untold} further failures were counted, but not kept.`);
  showGroups(out, 'Delivered, but slowly', story.slow);
  showGroups(out, 'What this server refused', story.refusals);
  showGroups(out, 'Trouble of the server itself', story.troubles);
}

const STATES: Readonly<Record<LoggedFailure['state'], string>> = { bounced: 'bounced', expired: 'given up', deferred: 'still waiting', sent: 'delivered later' };

function showGroup(out: Session['out'], group: FailureGroup): void {
  const states = Object.entries(group.states).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${STATES[state as LoggedFailure['state']]}`).join(', ');
  out.line();
  out.line(`${out.style('bold', printable(group.provider ?? group.place))}: ${states}  (${group.first}${group.last === group.first ? '' : ` to ${group.last}`})`);
  out.line(`  what happened: ${printable(group.meaning)}`);
  out.line(`  in its words:  ${printable(group.why.slice(0, 400))}`);
  if (group.timeWent !== undefined) out.line(`  the time:      ${printable(group.timeWent)}`);
  out.line(`  what to do:    ${printable(group.nextStep)}`);
  if (group.reference !== undefined) out.line(`  their page:    ${printable(group.reference)}`);
  out.line(`  for example:   ${printable(group.examples.map(({ recipient, queueId }) => `${recipient} (${queueId})`).join(', '))}`);
}

function showFailure(out: Session['out'], failure: LoggedFailure): void {
  const { queueId, sender, recipient, state, attempts, first, last, delay, meaning, why, timeWent, nextStep, delays } = failure;
  out.line();
  out.line(`${out.style('bold', printable(recipient))}  ${STATES[state]} after ${attempts} attempt${attempts === 1 ? '' : 's'} and ${duration(delay)}  (${queueId}, ${first}${last === first ? '' : ` to ${last}`}${sender === undefined ? '' : `, from <${printable(sender)}>`})`);
  out.line(`  what happened: ${printable(meaning)}`);
  out.line(`  in its words:  ${printable(why.slice(0, 400))}`);
  if (delays) out.line(`  the delays:    before the queue ${duration(delays.beforeQueue)}, in the queue ${duration(delays.inQueue)}, connecting ${duration(delays.connection)}, handing over ${duration(delays.transmission)}${timeWent === undefined ? '' : `. ${printable(timeWent)}`}`);
  out.line(`  what to do:    ${printable(nextStep)}`);
}

function showGroups(out: Session['out'], title: string, groups: readonly LoggedGroup[]): void {
  if (groups.length === 0) return;
  out.line();
  out.line(out.style('bold', title));
  for (const { meaning, nextStep, count, examples } of groups) {
    out.line(`  ${String(count).padStart(6)} × ${printable(meaning)}`);
    out.line(`           do: ${printable(nextStep)}`);
    for (const example of examples.slice(0, 2)) out.line(`           ${out.style('dim', printable(example.slice(0, 200)))}`);
  }
}

const WITHOUT_REASON = {
  meaning: 'The bounce names this recipient and does not say why the message did not arrive.',
  nextStep: 'Compare the address letter by letter. If it is right, ask the recipient some other way, or look for the reply of their server in the log of the server that sent the message.',
};

function explainBounce({ out }: Session, options: CommonOptions, file: string, message: Buffer): number {
  const bounce: ReadBounce | undefined = readBounce(message);
  if (!bounce) throw new Failure('nothing-to-explain', `${file} is neither a mail log of Postfix or Posthorn nor a bounce: nothing in it says why mail was not delivered`, { temporary: false });
  if (options.json) out.json(bounce);
  else {
    out.line(bounce.form === 'report' ? 'A delivery report (RFC 3464).' : 'A bounce in words only: this is what could be read out of them.');
    for (const { recipient, action, host, reply, explanation } of bounce.recipients) {
      out.line();
      out.facts([
        ['Recipient', recipient ?? 'not named'], ['Action', action], ['Server', host], ['Reply', reply && formatReply(reply)], ['Provider', explanation?.provider],
        ['Culprit', reply && reply.code >= 400 ? explanation?.culprit : undefined], ['Meaning', explanation?.meaning ?? WITHOUT_REASON.meaning],
        ['Next step', explanation ? explanation.nextStep : WITHOUT_REASON.nextStep], ['Their page', explanation?.reference],
      ]);
    }
  }
  return bounce.recipients.some(({ action }) => action === 'failed' || action === 'delayed') ? 1 : 0;
}
