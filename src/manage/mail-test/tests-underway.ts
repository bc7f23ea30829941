/**
 * Mail tests that are being scored now: they count as taken before they are kept, and only a few are scored at once, so
 * that a flood gets no more than its share and nobody else waits for it.
 */
import { MAIL_TEST_LIMITS } from '../../base/content-limits.ts';
import { Semaphore } from '../../base/semaphore.ts';

export class TestsUnderway {
  readonly #bySender = new Map<string, number>();
  readonly #places = new Semaphore(MAIL_TEST_LIMITS.atOnce);
  /** One after the other: who asks sees those that were admitted before. */
  readonly #admission = new Semaphore(1);
  #all = 0;

  /** Runs `score` when of the sender and of all fewer than a day's share are `kept` or underway; undefined: too many. */
  async run<T>(sender: string, kept: () => Promise<{ readonly ofSender: number; readonly all: number }>, score: () => Promise<T>): Promise<T | undefined> {
    const admitted = await this.#admission.run(async () => {
      const { ofSender, all } = await kept();
      if (ofSender + (this.#bySender.get(sender) ?? 0) >= MAIL_TEST_LIMITS.perSenderPerDay || all + this.#all >= MAIL_TEST_LIMITS.perDay) return false;
      this.#count(sender, 1);
      return true;
    });
    if (!admitted) return undefined;
    try {
      return await this.#places.run(score);
    } finally {
      this.#count(sender, -1);
    }
  }

  #count(sender: string, by: 1 | -1): void {
    const count = (this.#bySender.get(sender) ?? 0) + by;
    if (count === 0) this.#bySender.delete(sender);
    else this.#bySender.set(sender, count);
    this.#all += by;
  }
}
