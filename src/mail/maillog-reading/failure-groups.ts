/** Failures that are alike, together: the same cause at the same place. What is over and worst comes first. */
import { isIP } from 'node:net';
import { getDomain } from 'tldts';
import { domainOf } from '../address.ts';
import type { LoggedFailure } from './maillog-reader.ts';

export interface FailureGroup {
  readonly rule: string;
  /** Host that refused, or the domain that could not be reached. */
  readonly place: string;
  readonly meaning: string;
  readonly nextStep: string;
  readonly provider?: string;
  readonly reference?: string;
  readonly states: Readonly<Record<LoggedFailure['state'], number>>;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** Of the newest. */
  readonly why: string;
  readonly timeWent?: string;
  /** The newest, at most `examplesMax`. */
  readonly examples: readonly LoggedFailure[];
}

const BAD: Readonly<Record<LoggedFailure['state'], number>> = { bounced: 1, expired: 1, deferred: 1, sent: 0 };

export function groupFailures(failures: readonly LoggedFailure[], examplesMax: number): readonly FailureGroup[] {
  const groups = [...Map.groupBy(failures, (failure) => `${failure.rule} ${placeOf(failure)}`).values()].map((alike) => describe(alike as [LoggedFailure, ...LoggedFailure[]], examplesMax));
  const weight = ({ states }: FailureGroup): number => Object.entries(states).reduce((sum, [state, count]) => sum + BAD[state as LoggedFailure['state']] * count, 0);
  return groups.toSorted((a, b) => weight(b) - weight(a) || b.count - a.count);
}

function describe(alike: readonly [LoggedFailure, ...LoggedFailure[]], examplesMax: number): FailureGroup {
  const newest = alike.at(-1) ?? alike[0];
  const states = { bounced: 0, expired: 0, deferred: 0, sent: 0 };
  for (const { state } of alike) states[state] += 1;
  const slowest = alike.reduce((most, each) => (each.delay > most.delay ? each : most));
  const { rule, meaning, nextStep, provider, reference, why } = newest;
  return {
    rule, place: placeOf(newest), meaning, nextStep, ...(provider === undefined ? {} : { provider }), ...(reference === undefined ? {} : { reference }),
    states, count: alike.length, first: alike[0].first, last: newest.last, why,
    ...(slowest.timeWent === undefined ? {} : { timeWent: slowest.timeWent }),
    examples: alike.slice(-examplesMax),
  };
}

/** Servers of one site count as one: by the domain that was registered (Public Suffix List). */
function placeOf({ host, relay, recipient }: LoggedFailure): string {
  const name = host ?? /^([^[]+)\[/.exec(relay)?.[1];
  if (name === undefined || name === 'none' || name === 'local') return relay === 'local' ? 'local' : domainOf(recipient);
  return isIP(name) === 0 ? (getDomain(name, { validateHostname: false }) ?? name) : name;
}
