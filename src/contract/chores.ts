/** What the server does by itself now and then: examining, reporting, rotating keys. When each ran last survives a restart. */
export interface Chore {
  /** Stable: under this name it is remembered when it ran last. */
  readonly name: string;
  /** Milliseconds between the starts of two runs. */
  readonly everyMs: number;
  /**
   * One at a time. A rejection is logged and counts as a run, so that what fails does not repeat itself without end; who
   * wants it sooner answers `again`. `lastRunAt`: milliseconds since 1970, undefined for the first.
   */
  run(occasion: { readonly now: number; readonly lastRunAt: number | undefined; readonly signal: AbortSignal }): Promise<void | { readonly againInMs: number }>;
}
