/** Bounds how many run at once; waiters are served first come, first served. Who only waits may leave its place early. */
export class Semaphore {
  #free: number;
  readonly #waiters: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** `leave` gives the place back before the work has ended. */
  async run<T>(work: (leave: () => void) => Promise<T>): Promise<T> {
    await this.#take();
    let has = true;
    const leave = (): void => {
      if (has) this.#give();
      has = false;
    };
    try {
      return await work(leave);
    } finally {
      leave();
    }
  }

  #take(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #give(): void {
    const next = this.#waiters.shift();
    if (next) next();
    else this.#free += 1;
  }
}
