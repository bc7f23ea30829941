/**
 * The command line of sendmail as cron, PHP, git, mutt, s-nail and others use it, read as getopt would: flags may be
 * bundled (`-ti`), values may be attached (`-fuser@host`) or follow, `--` ends the options.
 *
 * Policy: what concerns the delivery is obeyed, what only tuned the old program is accepted and ignored, what we cannot do
 * is wrong usage. With -t, recipients on the command line are added to those of the header, as Postfix does.
 */
import { isVerpDelimiters } from '../../mail/verp.ts';

export type SendmailMode = 'deliver' | 'queue' | 'smtp' | 'aliases' | 'flush' | 'verify';

export interface SendmailOptions {
  readonly mode: SendmailMode;
  readonly recipients: readonly string[];
  /** -t */
  readonly fromHeader: boolean;
  /** -i, -oi: a lone dot does not end the message. */
  readonly ignoreDots: boolean;
  /** -f, -r; '' is the null sender. */
  readonly sender?: string;
  /** -F */
  readonly fullName?: string;
  /** -N */
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[];
  /** -R */
  readonly returnContent?: 'full' | 'headers';
  /** -V */
  readonly envelopeId?: string;
  /** -XV, with the two delimiters or '' */
  readonly verp?: string;
  /** -B */
  readonly body?: '7bit' | '8bitmime';
  readonly verbose: boolean;
  /** -C, --config */
  readonly config?: string;
}

export type SendmailParse = { readonly kind: 'options'; readonly options: SendmailOptions } | { readonly kind: 'wrong'; readonly message: string };

type Writable = { -readonly [K in keyof SendmailOptions]: SendmailOptions[K] };

/** Letters that take a value which stands attached or in the next word. */
const WITH_VALUE = 'BCFfhLNORrVX';
/** Letters whose value, if any, is attached: `-oi`, `-bp`, `-q15m`, `-d8.99`, `-Ac`. */
const WITH_ATTACHED = 'obqdAe';
const IGNORED_FLAGS = 'GmnUxM';

export function parseSendmailOptions(args: readonly string[]): SendmailParse {
  const options: Writable = { mode: 'deliver', recipients: [], fromHeader: false, ignoreDots: false, verbose: false };
  let at = 0;
  for (; at < args.length; at += 1) {
    const word = args[at] as string;
    if (word === '--') {
      at += 1;
      break;
    }
    if (word === '--config') {
      const file = args[(at += 1)];
      if (file === undefined) return wrong('--config needs a file');
      options.config = file;
      continue;
    }
    if (!word.startsWith('-') || word === '-') break;
    const used = readBundle(word, args[at + 1], options);
    if (typeof used === 'string') return wrong(used);
    at += used;
  }
  options.recipients = args.slice(at);
  return { kind: 'options', options };
}

function wrong(message: string): SendmailParse {
  return { kind: 'wrong', message };
}

/** How many further words were used, or what is wrong. */
function readBundle(word: string, next: string | undefined, options: Writable): number | string {
  for (let position = 1; position < word.length; position += 1) {
    const letter = word[position] as string;
    const attached = word.slice(position + 1);
    if (WITH_VALUE.includes(letter)) {
      const value = attached !== '' ? attached : next;
      if (value === undefined) return `-${letter} needs a value`;
      return setValue(letter, value, options) ?? (attached !== '' ? 0 : 1);
    }
    if (WITH_ATTACHED.includes(letter)) return setAttached(letter, attached, options) ?? 0;
    if (letter === 'I') options.mode = 'aliases';
    else if (letter === 't') options.fromHeader = true;
    else if (letter === 'i') options.ignoreDots = true;
    else if (letter === 'v') options.verbose = true;
    else if (!IGNORED_FLAGS.includes(letter)) return `-${letter} is not an option of sendmail`;
  }
  return 0;
}

/** Undefined when all is well. */
function setValue(letter: string, value: string, options: Writable): string | undefined {
  switch (letter) {
    case 'f':
    case 'r':
      options.sender = value.trim() === '<>' ? '' : value.trim();
      return undefined;
    case 'F':
      options.fullName = value;
      return undefined;
    case 'C':
      // Callers pass the old program's own file; only ours is worth reading.
      if (value.endsWith('.toml')) options.config = value;
      return undefined;
    case 'B':
      return setBody(value, options);
    case 'N':
      return setNotify(value, options);
    case 'R':
      if (!/^(full|hdrs)$/i.test(value)) return `-R ${value}: give full or hdrs`;
      options.returnContent = value.toLowerCase() === 'full' ? 'full' : 'headers';
      return undefined;
    case 'X':
      // As Postfix has it: -XV and -XV+= ask for VERP; any other -X named a log file.
      if (!value.startsWith('V')) return undefined;
      if (value.length > 1 && !isVerpDelimiters(value.slice(1))) return '-XV takes two delimiters of "+", "-" and "=", such as -XV+=';
      options.verp = value.slice(1);
      return undefined;
    case 'V':
      // RFC 3461 §4.4: at most 100 characters, printable.
      if (!/^[\x21-\x7e]{1,100}$/.test(value)) return '-V needs 1 to 100 printable characters without blanks';
      options.envelopeId = value;
      return undefined;
    default:
      return undefined;
  }
}

function setBody(value: string, options: Writable): string | undefined {
  if (!/^(7bit|8bitmime)$/i.test(value)) return `-B ${value}: give 7BIT or 8BITMIME`;
  options.body = value.toLowerCase() as '7bit' | '8bitmime';
  return undefined;
}

/** RFC 3461 §4.1: NEVER stands alone. */
function setNotify(value: string, options: Writable): string | undefined {
  const words = value.toLowerCase().split(',');
  const never = words.length === 1 && words[0] === 'never';
  if (!never && !words.every((word) => word === 'success' || word === 'failure' || word === 'delay')) {
    return `-N ${value}: give never, or a list of success, failure and delay`;
  }
  options.notify = words as ('never' | 'success' | 'failure' | 'delay')[];
  return undefined;
}

const MODES: Readonly<Record<string, SendmailMode>> = { m: 'deliver', p: 'queue', s: 'smtp', i: 'aliases', v: 'verify' };

function setAttached(letter: string, attached: string, options: Writable): string | undefined {
  if (letter === 'o') {
    // -oi, and -oitrue; the other options tuned the old program.
    if (attached.startsWith('i')) options.ignoreDots = true;
    return undefined;
  }
  if (letter === 'q') {
    // -q15m asked for a daemon that runs the queue: the server does that by itself.
    if (!/^\d/.test(attached)) options.mode = 'flush';
    return undefined;
  }
  if (letter !== 'b') return undefined;
  const mode = MODES[attached];
  if (mode === undefined) return `-b${attached} is not supported; start the server with: posthorn serve`;
  options.mode = mode;
  return undefined;
}
