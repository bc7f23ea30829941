/**
 * The examination of the guard, apart from what the guard makes of it: all that an examination loads and computes is here, so
 * that a server has it done in another thread.
 */
import type { Clock } from '../../base/clock.ts';
import type { DoctorConfig } from '../../config/doctor-config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import { CHECKS } from '../../doctor/checks/all.ts';
import type { Result } from '../../doctor/examination.ts';
import { dnsListsOf } from '../dns/dns-lists.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { runDoctor, type OwnExamination } from './doctor.ts';

export interface GuardQuestion {
  readonly facts: DoctorFacts;
  /** The server with its addresses, or the domains that the facts name. */
  readonly about: 'server' | 'domains';
  /** Ids of checks; default all. */
  readonly only?: readonly string[];
  /** As with `examine`. */
  readonly beside: readonly Result[];
  /** Says which of several name servers is asked first. */
  readonly turn: number;
}

export interface GuardExamination extends Pick<OwnExamination, 'results' | 'addresses'> {
  /** Why the checks matter, by id. */
  readonly whys: Readonly<Record<string, string>>;
}

export interface GuardExaminationPorts {
  readonly dns: Dns;
  readonly clock: Clock;
  readonly network?: DoctorNetwork;
  /** A resolver that remembers nothing. Default: `dns`. */
  readonly freshDns?: (turn: number) => Dns & { close(): void };
  /** The settings as they are now. */
  readonly doctor: () => DoctorConfig | undefined;
}

export async function examineForGuard({ dns, clock, network, freshDns, doctor }: GuardExaminationPorts, { facts, about, only, beside, turn }: GuardQuestion): Promise<GuardExamination> {
  const checks = CHECKS.filter(({ id, about: kind }) => (kind === 'domain' || kind === 'message') === (about === 'domains') && (!only || only.includes(id)));
  if (checks.length === 0) return { results: [], addresses: [], whys: {} };
  const fresh = freshDns?.(turn);
  try {
    const verify = { dns: fresh ?? dns, clock, ...(await dnsListsOf(doctor())), ...(network ? { network } : {}) };
    const domains = about === 'domains' ? facts.domains.map(({ domain }) => domain) : [];
    const { results, addresses } = await runDoctor(verify, { facts: about === 'domains' ? facts : { ...facts, domains: [] }, domains, only: checks.map(({ id }) => id), beside });
    return { results, addresses, whys: Object.fromEntries(checks.map(({ id, why }) => [id, why])) };
  } finally {
    fresh?.close();
  }
}
