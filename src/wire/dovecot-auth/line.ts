/**
 * Lines of Dovecot's authentication protocol (version 1; doc.dovecot.org, "Dovecot Authentication Protocol v1.2", read
 * 2026-11): fields separated by tabs, ended by a line feed. What a field may not hold is escaped with %x01.
 */

/** `AUTH`, `1`, `PLAIN`, `service=smtp`: the command first. */
export type AuthFields = readonly [command: string, ...fields: readonly string[]];

const ESCAPES: Readonly<Record<string, string>> = { '0': '\0', '1': '\x01', t: '\t', n: '\n', r: '\r' };

export function parseAuthLine(line: string): AuthFields {
  const [command = '', ...fields] = line.replace(/\r$/, '').split('\t').map(unescapeField);
  return [command, ...fields];
}

export function formatAuthLine(fields: AuthFields): string {
  return `${fields.map(escapeField).join('\t')}\n`;
}

/** `key=value` to both; a field without a value is `key` and ''. */
export function parseParameters(fields: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    fields.map((field) => {
      const at = field.indexOf('=');
      return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

function escapeField(text: string): string {
  return text.replaceAll('\x01', '\x011').replaceAll('\0', '\x010').replaceAll('\t', '\x01t').replaceAll('\n', '\x01n').replaceAll('\r', '\x01r');
}

function unescapeField(text: string): string {
  const [first = '', ...rest] = text.split('\x01');
  return rest.length === 0 ? first : first + rest.map((part) => (ESCAPES[part.slice(0, 1)] ?? '') + part.slice(1)).join('');
}

/** Cuts bytes into lines; `undefined` once a line grows beyond `bytesMax`. */
export class AuthLines {
  readonly #bytesMax: number;
  #rest = '';

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(piece: Buffer): readonly string[] | undefined {
    const lines = (this.#rest + piece.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    return this.#rest.length > this.#bytesMax || lines.some((line) => line.length > this.#bytesMax) ? undefined : lines;
  }
}
