/** A DoctorNetwork over tables, for tests of checks: what a probe finds, who answers over HTTPS, what name servers hold. */
import type { DoctorNetwork, MailProbeAnswer, MailProbeRequest, OutsideAnswer } from '../../src/contract/doctor-network.ts';
import type { HttpsAnswer } from '../../src/contract/https-fetch.ts';
import type { Dns } from '../../src/contract/dns.ts';

export interface ExaminedNetwork {
  /** Behind name servers asked directly. */
  readonly dns: Dns;
  /** By address of the name server; default: a zone of serial 1. */
  readonly servers?: Readonly<Record<string, 'silent' | 'lame' | number>>;
  /** Default: a mail server without TLS that refuses to relay. */
  readonly probe?: (request: MailProbeRequest) => MailProbeAnswer;
  /** Undefined: no prober. Default: it reached us. */
  readonly outside?: OutsideAnswer | 'none';
  /** By `host/path`; a string is answered as JSON with status 200. */
  readonly pages?: Readonly<Record<string, string | HttpsAnswer>>;
  /** Answered when checking is disabled. */
  readonly uncheckedSerial?: number;
}

export function createExaminedNetwork({ servers = {}, probe, outside = { kind: 'open', address: '192.0.2.7', greeting: '220 mail.example.org' }, pages = {}, uncheckedSerial }: ExaminedNetwork): DoctorNetwork {
  const soa = (serial: number) => ({ mname: 'ns.example.org', rname: 'hostmaster.example.org', serial, minimum: 300 });
  return {
    mailPort: 25,
    policyPort: 443,
    fetch: async ({ host, path }) => {
      const page = pages[`${host}${path}`];
      if (page === undefined) return { kind: 'failure', reason: 'connect', detail: 'nobody listens' };
      return typeof page === 'string' ? { kind: 'response', status: 200, mediaType: 'application/json', headers: {}, body: Buffer.from(page) } : page;
    },
    askServer: (async ({ server, checkingDisabled }: { readonly server?: string; readonly checkingDisabled?: boolean }) => {
      if (server === undefined) return checkingDisabled && uncheckedSerial !== undefined ? { kind: 'answer', rcode: 0, authoritative: false, authentic: false, records: [soa(uncheckedSerial)] } : { kind: 'answer', rcode: 2, authoritative: false, authentic: false, records: [] };
      const state = servers[server] ?? 1;
      if (state === 'silent') return { kind: 'failure', reason: 'timeout', detail: 'no answer' };
      return { kind: 'answer', rcode: 0, authoritative: state !== 'lame', authentic: false, records: state === 'lame' ? [] : [soa(state)] };
    }) as DoctorNetwork['askServer'],
    probe: async (request) => probe?.(request) ?? { kind: 'answer', greeting: '220 there', startTls: false, ...(request.relay ? { relay: { outcome: 'refused', reply: '550 no relaying' } } : {}) },
    outside: outside === 'none' ? undefined : async () => outside,
  };
}
