/** `posthorn doctor`: what the checks need to know of this server, and running them. */
import { z } from 'zod';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import { Failure } from '../base/errors.ts';
import type { Check, DomainKey, SendingAddress, Subject } from '../doctor/check.ts';
import { CHECKS } from '../doctor/checks/all.ts';
import { examine, type Examination, type Result } from '../doctor/examination.ts';
import { domainKey } from '../store/clients/directory.ts';
import { createDirectory } from '../store/directory.ts';
import { publicAddresses } from './dns.ts';
import { defineVerb } from './verb.ts';
import type { VerifyContext } from './verify.ts';

export type { Examination, Result } from '../doctor/examination.ts';

export interface DoctorFacts {
  readonly hostname: string;
  readonly addresses: readonly SendingAddress[];
  readonly domains: readonly { readonly domain: string; readonly keys: readonly DomainKey[]; readonly unreachable: readonly string[] }[];
}

const ROLES = ['postmaster', 'abuse'] as const;

const facts = defineVerb({
  name: 'doctor.facts',
  summary: 'Tells what the doctor needs to know: host name, sending addresses, domains with their signing keys, role addresses that reach nobody.',
  args: z.strictObject({}),
  run: async ({ store, config }): Promise<DoctorFacts> => {
    const { domains } = await store.directory.snapshot();
    const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
    const hostname = domainKey(config.hostname);
    return {
      hostname,
      addresses: publicAddresses(config).map(({ address, helo }) => ({ address, helo: helo ?? hostname })),
      domains: await Promise.all(domains.map(async ({ name }) => {
        const keys = (await store.keys.list(name)).filter(({ state }) => state === 'active').map(({ selector, algorithm, publicKey, createdAt }) => ({ selector, algorithm, publicKey, createdAt }));
        const reached = await Promise.all(ROLES.map(async (role) => ['mailbox', 'alias'].includes((await directory.resolve(`${role}@${name}`)).kind)));
        return { domain: name, keys, unreachable: ROLES.filter((_, at) => !reached[at]) };
      })),
    };
  },
});

export const doctorVerbs = [facts] as const;

export interface DoctorRequest {
  /** Undefined: no server here, only domains are looked at. */
  readonly facts: DoctorFacts | undefined;
  /** Empty: all of this server. */
  readonly domains: readonly string[];
  readonly only?: readonly string[];
  readonly onResult?: (result: Result, done: number, of: number) => void;
}

/** Throws a permanent Failure `check-unknown`, or `nothing-to-check`. */
export async function runDoctor({ dns, clock }: VerifyContext, { facts: known, domains, only, onResult }: DoctorRequest): Promise<Examination> {
  for (const id of only ?? []) explainCheck(id);
  const addresses = known ? await sendingAddresses({ dns, clock }, known) : [];
  const names = domains.length > 0 ? domains.map(domainKey) : (known?.domains ?? []).map(({ domain }) => domain);
  const hostname = known?.hostname ?? '';
  const subjects: Subject[] = [
    ...(known ? [{ kind: 'host', hostname, addresses } as const] : []),
    ...addresses.map((each) => ({ kind: 'address', ...each }) as const),
    ...names.map((domain) => {
      const own = known?.domains.find((each) => each.domain === domain);
      return { kind: 'domain', domain, hostname, addresses, keys: own?.keys ?? [], ...(own ? { unreachable: own.unreachable } : {}) } as const;
    }),
  ];
  if (subjects.length === 0) throw new Failure('nothing-to-check', 'name a domain, or run this where a server is configured', { temporary: false });
  return examine({ dns, now: clock.now() }, subjects, { deadlineMs: DOCTOR_LIMITS.checkMs, ...(only ? { only } : {}), ...(onResult ? { onResult } : {}) });
}

/** Behind NAT the machine does not know its public address: that of its host name is the best guess. */
async function sendingAddresses({ dns }: VerifyContext, { addresses, hostname }: DoctorFacts): Promise<readonly SendingAddress[]> {
  if (addresses.length > 0) return addresses;
  const [v4, v6] = await Promise.all([dns.query(hostname, 'A'), dns.query(hostname, 'AAAA')]);
  return [...(v4.kind === 'found' ? v4.records : []), ...(v6.kind === 'found' ? v6.records : [])].map((address) => ({ address, helo: hostname }));
}

/** Throws a permanent Failure `check-unknown`. */
export function explainCheck(id: string): Check {
  const check = CHECKS.find((each) => each.id === id);
  if (check) return check;
  throw new Failure('check-unknown', `there is no check "${id}"; there are ${CHECKS.map((each) => each.id).join(', ')}`, { temporary: false });
}
