/** `posthorn doctor`: what the checks need to know of this server, and running them. */
import { z } from 'zod';
import { DOCTOR_LIMITS } from '../../base/doctor-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Check, SendingAddress, Subject } from '../../doctor/check.ts';
import type { AuthenticationPorts } from '../../doctor/message/authentication.ts';
import { makeMessageSubject } from '../../doctor/message/subject.ts';
import { CHECKS } from '../../doctor/checks/all.ts';
import { examine, type Examination, type Result, type Standing } from '../../doctor/examination.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { dnsListsOf } from '../dns/dns-lists.ts';
import { doctorFacts, type DoctorFacts } from './doctor-facts.ts';
import { ownAddresses } from './own-addresses.ts';
import { defineVerb, type ManageContext } from '../verb.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export type { Examination, Result, Standing } from '../../doctor/examination.ts';
export type { DoctorFacts } from './doctor-facts.ts';

const facts = defineVerb({
  name: 'doctor.facts',
  summary: 'Tells what the doctor needs to know: host name, sending addresses, listeners, domains with their signing keys, role addresses that reach nobody.',
  args: z.strictObject({}),
  run: (context) => doctorFacts(context),
});

export const doctorVerbs = [facts] as const;

/** With the addresses that mail leaves from. */
export interface OwnExamination extends Examination {
  readonly addresses: readonly SendingAddress[];
}

export interface DoctorRequest {
  /** Undefined: no server here, only domains are looked at. */
  readonly facts: DoctorFacts | undefined;
  /** Empty: all of this server. */
  readonly domains: readonly string[];
  readonly only?: readonly string[];
  /** As with `examine`. */
  readonly beside?: readonly Result[];
  /** After each check. */
  readonly onStanding?: (standing: Standing) => void;
}

/** Throws a permanent Failure `check-unknown`, or `nothing-to-check`. Without context.network, what needs connections is unknown. */
export async function runDoctor({ dns, clock, network, lists, domainLists }: VerifyContext, { facts: ours, domains, only, beside, onStanding }: DoctorRequest): Promise<OwnExamination> {
  for (const id of only ?? []) explainCheck(id);
  const names = [...new Set(domains.map(domainKey))];
  // Who asks about strangers only does not ask about this server.
  const known = names.length > 0 && strangersAmong(names, ours).length === names.length ? undefined : ours;
  // Behind a smarthost receivers see that one's address; ours is no matter to them.
  const addresses = known && known.server.relay === undefined ? await ownAddresses({ dns }, known) : [];
  const now = ours?.now ?? clock.now();
  const subjects = subjectsOf(known, addresses, names);
  if (subjects.length === 0) throw new Failure('nothing-to-check', 'name a domain, or run this where a server is configured', { temporary: false });
  const context = { dns, now, ...(network ? { network } : {}), ...(lists ? { lists } : {}), ...(domainLists ? { domainLists } : {}) };
  const examination = await examine(context, subjects, { deadlineMs: DOCTOR_LIMITS.checkMs, more: sampleSubjects({ dns, now }, known, addresses, names, only), ...(only ? { only } : {}), ...(beside ? { beside } : {}), ...(onStanding ? { onStanding } : {}) });
  return { ...examination, addresses };
}

/** Domains that are not of this server: they are looked at as anybody can. */
export function strangersAmong(domains: readonly string[], known: DoctorFacts | undefined): readonly string[] {
  const own = new Set(known?.domains.map(({ domain }) => domain));
  return domains.map(domainKey).filter((domain) => !own.has(domain));
}

function subjectsOf(known: DoctorFacts | undefined, addresses: readonly SendingAddress[], wanted: readonly string[]): readonly Subject[] {
  const hostname = known?.hostname ?? '';
  const server = known ? { server: known.server } : {};
  const names = wanted.length > 0 ? wanted : (known?.domains ?? []).map(({ domain }) => domain);
  return [
    ...(known ? [{ kind: 'host', hostname, addresses, ...server, figures: known.figures.host } as const] : []),
    ...addresses.map((each) => ({ kind: 'address', ...each, ...server }) as const),
    ...names.map((domain) => {
      const own = known?.domains.find((each) => each.domain === domain);
      const figures = known?.figures.domains[domain];
      if (!own) return { kind: 'domain', domain, hostname: '', addresses: [], keys: [] } as const;
      return { kind: 'domain', domain, hostname, addresses, keys: own.keys, unreachable: own.unreachable, ...(own.use ? { use: own.use } : {}), ...(figures ? { figures } : {}), ...server } as const;
    }),
  ];
}

/** A message of each domain, as a receiver would find it. Not made when nobody asks for its checks. */
async function sampleSubjects(ports: AuthenticationPorts, known: DoctorFacts | undefined, [source]: readonly SendingAddress[], wanted: readonly string[], only: readonly string[] | undefined): Promise<readonly Subject[]> {
  if (only && !CHECKS.some(({ id, about }) => about === 'message' && only.includes(id))) return [];
  const own = (known?.domains ?? []).filter(({ use }) => use !== 'none').filter(({ domain }) => wanted.length === 0 || wanted.includes(domain));
  // Behind a relay nobody here knows from where the message reaches its receiver.
  const route = source && known?.server.relay === undefined ? { address: source.address, helo: source.helo } : {};
  return Promise.all(own.map(({ domain, sample }) =>
    makeMessageSubject(ports, { message: Buffer.from(sample, 'base64'), connection: { ...route, sender: `postmaster@${domain}` }, arrivedAt: ports.now, name: domain, sample: true }),
  ));
}

/** The same examination inside the server, of everything here: facts, all checks. */
export async function examineServer(context: ManageContext): Promise<Examination> {
  return runDoctor({ ...context, ...(await dnsListsOf(context.config.doctor)) }, { facts: await doctorFacts(context), domains: [] });
}

/** All, in the order in which they are explained. */
export function listChecks(): readonly Omit<Check, 'run'>[] {
  return CHECKS.map(({ run: _run, ...check }) => check);
}

/** Throws a permanent Failure `check-unknown`. */
export function explainCheck(id: string): Check {
  const check = CHECKS.find((each) => each.id === id);
  if (check) return check;
  throw new Failure('check-unknown', `there is no check "${id}"; posthorn doctor --explain lists them`, { temporary: false });
}
