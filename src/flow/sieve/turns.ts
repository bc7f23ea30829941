/**
 * Scripts that take long let others work in between: after some milliseconds each waits for a turn of the event loop of
 * its own, behind the other scripts that wait. However many run at once, between two turns only one of them computes.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
