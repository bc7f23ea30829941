/**
 * The one error class for failures that somebody must be told about: a stable code, a public text that says what to do,
 * and a private cause for the log. Bugs stay plain Errors.
 */
export class Failure extends Error {
  /** Stable, kebab-case, e.g. `store-full`. */
  readonly code: string;
  /** True when trying again later may succeed; unknown failures are temporary. */
  readonly temporary: boolean;

  constructor(code: string, publicText: string, options: { temporary?: boolean; cause?: unknown } = {}) {
    super(publicText, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.temporary = options.temporary ?? true;
  }
}
