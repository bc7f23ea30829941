/**
 * Work for the pauses in which the client is silent: runs one at a time while the pause is open; who ends the pause waits for the one that runs.
 */
export type QuietTask = () => Promise<void> | void;

export class QuietTasks {
  readonly #run: (task: QuietTask) => Promise<void>;
  readonly #waiting = new Set<QuietTask>();
  #open = false;
  #running: Promise<void> | undefined;

  /** `run` runs a task and is to catch what it throws; what it rejects with ends the pause quietly. */
  constructor(run: (task: QuietTask) => Promise<void>) {
    this.#run = run;
  }

  add(task: QuietTask): void {
    this.#waiting.add(task);
    this.#start();
  }

  open(): void {
    this.#open = true;
    this.#start();
  }

  /** Resolves when nothing runs. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#running;
  }

  /** Forgets what waits; the pause is over. */
  drop(): void {
    this.#open = false;
    this.#waiting.clear();
  }

  #start(): void {
    if (!this.#open || this.#running || this.#waiting.size === 0) return;
    this.#running = this.#work().catch(() => this.drop()).finally(() => {
      this.#running = undefined;
      this.#start();
    });
  }

  async #work(): Promise<void> {
    for (const task of this.#waiting) {
      if (!this.#open) return;
      this.#waiting.delete(task);
      await this.#run(task);
    }
  }
}
