/** The guard of a running server: examines it now and then, and tells what changed for the worse. */
export interface GuardRun {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Absent when only doubts were looked at. */
  readonly score?: number;
  /** Checks that were run. */
  readonly examined: number;
  /** Changes that are sure now. */
  readonly news: number;
  /** Changes that the postmaster was written about. */
  readonly told: number;
}

export interface GuardControl {
  /** Everything. One run at a time: others wait. */
  run(signal?: AbortSignal): Promise<GuardRun>;
  /** What is in doubt. */
  lookAgain(signal?: AbortSignal): Promise<GuardRun>;
  /** Runs `work` while no examination changes what the guard remembers. */
  change<T>(work: () => Promise<T>): Promise<T>;
}
