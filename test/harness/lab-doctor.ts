/** The doctor against a lab whose records can be broken one by one, in the test's own process: quicker than a command each time. */
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createDoctorNetwork } from '../../src/compose/doctor-network.ts';
import { loadConfig } from '../../src/config/load.ts';
import { callVerb } from '../../src/face/control/client.ts';
import { runDoctor, type DoctorFacts, type Examination } from '../../src/manage/doctor/doctor.ts';
import { createResolver } from '../../src/net/resolver.ts';
import type { LabProcess } from './lab-process.ts';

/** `[name, type, values]`; no values: nothing is published. */
export type Broken = readonly [name: string, type: string, values: readonly string[]];

export interface LabDoctor {
  /** The work's result, done while these records are as given. */
  readonly whileBroken: <T>(records: readonly Broken[], work: () => Promise<T>) => Promise<T>;
  /** As the server told them when this was opened. */
  readonly facts: DoctorFacts;
  readonly factsNow: () => Promise<DoctorFacts>;
  /** Default facts: as the server tells them now. */
  readonly examine: (only?: readonly string[], facts?: DoctorFacts) => Promise<Examination>;
  /**
   * Failures and warnings, by check, while these records are as given; without what follows from others.
   */
  readonly troubleWith: (records: readonly Broken[], facts?: DoctorFacts) => Promise<Record<string, string>>;
}

export async function openLabDoctor(lab: LabProcess): Promise<LabDoctor> {
  const config = loadConfig(lab.ready.config);
  const call = (verb: string, args: unknown): Promise<unknown> => callVerb(config, verb, args, { openContext: () => Promise.reject(new Error('the lab is gone')), loadVerbs: async () => [] });
  const factsNow = async (): Promise<DoctorFacts> => (await call('doctor.facts', {})) as DoctorFacts;
  const facts = await factsNow();
  const clock = new SystemClock();
  const examine = async (only?: readonly string[], known?: DoctorFacts): Promise<Examination> => {
    const dns = createResolver({ servers: config.dns.servers, trustAd: true, clock, log: silentLog });
    const network = await createDoctorNetwork({ config, servers: config.dns.servers, dns, clock });
    try {
      return await runDoctor({ dns, clock, network }, { facts: known ?? (await factsNow()), domains: [], ...(only ? { only } : {}) });
    } finally {
      network.close();
      dns.close();
    }
  };
  const whileBroken = async <T>(records: readonly Broken[], work: () => Promise<T>): Promise<T> => {
    for (const [name, type, values] of records) await call('lab.record', { name, type, values });
    try {
      return await work();
    } finally {
      if (records.length > 0) await call('lab.record', { restore: true });
    }
  };
  const troubleWith = (records: readonly Broken[], known?: DoctorFacts): Promise<Record<string, string>> =>
    whileBroken(records, async () => {
      const { results } = await examine(undefined, known);
      return Object.fromEntries(results.filter(({ level, causedBy }) => (level === 'fail' || level === 'warn') && causedBy === undefined).map(({ check, level }) => [check, level]));
    });
  return { facts, factsNow, examine, whileBroken, troubleWith };
}
