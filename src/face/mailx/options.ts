/**
 * The command line of mail(1). Two families of mailx differ about -a and -A (header or attachment): here a value of the form
 * `Name: text` is a header field and anything else a file, whichever letter was used.
 */
export interface MailOptions {
  readonly mode: 'send' | 'read' | 'headers' | 'test';
  readonly recipients: readonly string[];
  readonly subject?: string;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** -r, or -S from=… */
  readonly from?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly string[];
  /** -q: text put in front. */
  readonly quoteFile?: string;
  /** -t: the input has a header of its own. */
  readonly headerInInput: boolean;
  /** -E: do not send a message without text. */
  readonly skipEmpty: boolean;
  /** -~: tilde escapes although the input is no terminal. */
  readonly escapes: boolean;
  readonly verbose: boolean;
  /** -u */
  readonly account?: string;
  /** -f */
  readonly folder?: string;
  readonly config?: string;
}

export type MailParse = { readonly kind: 'options'; readonly options: MailOptions } | { readonly kind: 'wrong'; readonly message: string };

type Mutable = { -readonly [K in keyof MailOptions]: MailOptions[K] extends readonly (infer T)[] ? T[] : MailOptions[K] };

const WITH_VALUE = 'sabcArqSuCLMhgTX';
const IGNORED = 'niBdFNRDIO';

export function parseMailOptions(args: readonly string[]): MailParse {
  const options: Mutable = {
    mode: 'send', recipients: [], cc: [], bcc: [], headers: [], attachments: [], headerInInput: false, skipEmpty: false, escapes: false, verbose: false,
  };
  let reading = false;
  let folderFollows = false;
  let at = 0;
  for (; at < args.length; at += 1) {
    const word = args[at] as string;
    if (word === '--') {
      at += 1;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    if (word === '--config') {
      at += 1;
      if (args[at] === undefined) return { kind: 'wrong', message: '--config needs a file' };
      options.config = args[at] as string;
      continue;
    }
    for (let position = 1; position < word.length; position += 1) {
      const letter = word[position] as string;
      if (WITH_VALUE.includes(letter)) {
        const attached = word.slice(position + 1);
        const value = attached !== '' ? attached : args[(at += 1)];
        if (value === undefined) return { kind: 'wrong', message: `-${letter} needs a value` };
        setValue(letter, value, options);
        reading ||= letter === 'u';
        break;
      }
      if (letter === 'H') options.mode = 'headers';
      else if (letter === 'e') options.mode = 'test';
      else if (letter === 'f') {
        reading = true;
        // `-f FOLDER -u bob` and `-f -u bob FOLDER` are both in use.
        const next = position === word.length - 1 ? args[at + 1] : undefined;
        if (next === undefined || next.startsWith('-')) folderFollows = true;
        else [options.folder, at] = [next, at + 1];
      }
      else if (letter === 't') options.headerInInput = true;
      else if (letter === 'E') options.skipEmpty = true;
      else if (letter === '~') options.escapes = true;
      else if (letter === 'v') options.verbose = true;
      else if (!IGNORED.includes(letter)) return { kind: 'wrong', message: `-${letter} is not an option of mail` };
    }
  }
  const rest = args.slice(at);
  if (folderFollows && rest[0] !== undefined) options.folder = rest.shift() as string;
  options.recipients = rest;
  const nobody = rest.length === 0 && !options.headerInInput && options.cc.length + options.bcc.length === 0;
  if (options.mode === 'send' && (reading || nobody)) options.mode = 'read';
  if (options.mode !== 'send' && rest.length > 0) return { kind: 'wrong', message: `"${rest[0]}": recipients cannot be given when mail is read` };
  return { kind: 'options', options };
}

function setValue(letter: string, value: string, options: Mutable): void {
  switch (letter) {
    case 's':
      options.subject = value;
      return;
    case 'c':
      options.cc.push(value);
      return;
    case 'b':
      options.bcc.push(value);
      return;
    case 'r':
      options.from = value;
      return;
    case 'a':
    case 'A':
      return setHeaderOrFile(value, options);
    case 'q':
      options.quoteFile = value;
      return;
    case 'u':
      options.account = value;
      return;
    case 'S':
      if (value.startsWith('from=')) options.from = value.slice('from='.length);
      return;
    default:
  }
}

function setHeaderOrFile(value: string, options: Mutable): void {
  const match = /^([A-Za-z][A-Za-z0-9-]{0,60}):\s+(.*)$/.exec(value) ?? /^(X-[A-Za-z0-9-]{1,60}):(.*)$/.exec(value);
  if (match) options.headers.push([match[1] as string, (match[2] ?? '').trim()]);
  else options.attachments.push(value);
}
