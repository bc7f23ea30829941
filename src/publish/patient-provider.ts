/**
 * A provider that is not asked five hundred times when it is dead. Made anew for each run, so the next run asks again.
 *
 * Policy: of each kind of request the first goes alone, until one has succeeded. A provider that does not answer, or does
 * not accept who we are, is given up at once; one that did answer before, when it fails twice in a row, since one
 * connection may get lost. Errors about a zone are no reason, unless the first few zones met nothing else.
 */
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import type { Failure } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { ChangeOutcome, DnsProvider } from '../contract/dns-publishing.ts';
import { ProviderFailure } from './provider-failure.ts';

export function patientProvider(provider: DnsProvider): DnsProvider {
  const patience = new Patience();
  const [listing, finding, reading, writing] = [new Line(), new Line(), new Line(), new Line()];
  return {
    label: provider.label,
    ...(provider.unguarded && { unguarded: true }),
    // Who cannot list its zones answers from the configuration, which says nothing about it.
    zones: (signal) => (provider.zoneOf ? provider.zones(signal) : patience.run(listing, () => provider.zones(signal))),
    ...(provider.zoneOf && { zoneOf: (name: string, signal: AbortSignal) => patience.run(finding, async () => provider.zoneOf?.(name, signal)) }),
    recordSets: (zone, wanted, signal) => patience.run(reading, () => provider.recordSets(zone, wanted, signal)),
    apply: (zone, changes, signal) => patience.run(writing, () => provider.apply(zone, changes, signal), failureIn),
  };
}

/** What was not done for a reason that says something about the provider. */
function failureIn(outcomes: readonly ChangeOutcome[]): ProviderFailure | undefined {
  const failed = outcomes.flatMap((outcome) => (outcome.kind === 'failed' && outcome.of !== undefined ? [outcome] : []));
  const worst = failed.find(({ of }) => of === 'provider') ?? failed[0];
  return worst && new ProviderFailure(worst.of ?? 'zone', worst.detail, { temporary: worst.temporary });
}

/** Requests of one kind. */
class Line {
  readonly alone = new Semaphore(1);
  worked = false;
  failures = 0;
  givenUp: Failure | undefined;
}

class Patience {
  #givenUp: Failure | undefined;
  #worked = false;
  #inARow = 0;

  /** Rejects with the failure that it was given up for, without asking. */
  run<T>(line: Line, work: () => Promise<T>, failureOf: (result: T) => ProviderFailure | undefined = () => undefined): Promise<T> {
    if (line.worked) return this.#try(line, work, failureOf);
    return line.alone.run((leave) => {
      if (line.worked) leave();
      return this.#try(line, work, failureOf);
    });
  }

  async #try<T>(line: Line, work: () => Promise<T>, failureOf: (result: T) => ProviderFailure | undefined): Promise<T> {
    const reason = this.#givenUp ?? line.givenUp;
    if (reason) throw reason;
    try {
      const result = await work();
      const failure = failureOf(result);
      if (failure) this.#failed(line, failure);
      else this.#succeeded(line);
      return result;
    } catch (error) {
      if (error instanceof ProviderFailure) this.#failed(line, error);
      throw error;
    }
  }

  #succeeded(line: Line): void {
    line.worked = true;
    this.#worked = true;
    this.#inARow = 0;
  }

  #failed(line: Line, failure: ProviderFailure): void {
    if (failure.of === 'provider') {
      this.#inARow += 1;
      if (this.#inARow >= (this.#worked ? 2 : 1)) this.#givenUp = failure;
      return;
    }
    line.failures += 1;
    if (line.worked || line.failures < DNS_PUBLISH_LIMITS.zonesFailedMax) return;
    line.givenUp = new ProviderFailure('zone', `${failure.message} (so it was with each of the first ${line.failures} zones; others were not asked about)`, failure);
  }
}
