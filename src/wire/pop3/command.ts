/** A command line of POP3 (RFC 1939 §3): a word, and arguments as they are. */
export interface Pop3CommandLine {
  /** In capitals. */
  readonly verb: string;
  /** Behind the first space; a password may have spaces in it. */
  readonly argument: string;
}

export function parsePop3Command(line: string): Pop3CommandLine {
  const space = line.indexOf(' ');
  return space < 0 ? { verb: line.toUpperCase(), argument: '' } : { verb: line.slice(0, space).toUpperCase(), argument: line.slice(space + 1) };
}

/** Words between spaces; none for an empty argument. */
export function words(argument: string): readonly string[] {
  return argument.split(' ').filter((word) => word !== '');
}

/** A number of a message or of lines: at most nine digits. Undefined when it is none. */
export function parseNumber(word: string | undefined): number | undefined {
  return word !== undefined && /^[0-9]{1,9}$/.test(word) ? Number(word) : undefined;
}
