/** Sends what sessions have gathered, once at the end of the turn of the event loop for all of them: news for 500 waiting clients are one pass. */
export interface Flushable {
  flush(): void;
}

export class FlushDesk {
  #waiting: Flushable[] = [];

  add(connection: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#run);
    this.#waiting.push(connection);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.flush();
  };
}
