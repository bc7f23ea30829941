/**
 * What the doctor asks the network besides its resolver, as ports: one name server by itself, a mail port as a stranger
 * finds it, a web page, and somebody outside who tries our own port 25. Whatever the network does is an answer.
 */
import type { HttpsFetch } from './https-fetch.ts';
import type { RecordData, RecordType } from './dns.ts';
import type { PeerIdentity } from './tls-policy.ts';

export interface DoctorNetwork {
  readonly fetch: HttpsFetch;
  /** For links that strangers wrote: goes to no address of a private network or of this machine. Absent: links are not followed. */
  readonly linkFetch?: HttpsFetch;
  readonly askServer: AskServer;
  readonly probe: MailProbe;
  /** Absent: none is configured. */
  readonly outside?: OutsideProber | undefined;
  /** Where mail servers listen: 25, in the lab another. */
  readonly mailPort: number;
  /** Where MTA-STS policies are served: 443, in the lab another. */
  readonly policyPort: number;
  /** The internet is that of the lab, whose addresses are 127.0.0.0/8. Default false. */
  readonly simulated?: boolean;
  /** Of the Google Safe Browsing API; rejects when it cannot be read. Absent: it is not asked. */
  readonly safeBrowsingKey?: (() => Promise<string>) | undefined;
}

export interface ServerQuestion<T extends RecordType> {
  /** IP address of the name server; absent: the recursive one that this machine uses. */
  readonly server?: string;
  readonly name: string;
  readonly type: T;
  /** Sets CD: the answer is wanted though its signatures may be wrong (RFC 4035 §3.2.2). Default false. */
  readonly checkingDisabled?: boolean;
}

export type ServerAnswer<T extends RecordType> =
  | {
      readonly kind: 'answer';
      /** 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
      readonly rcode: number;
      /** The AA bit: the server holds the zone itself. */
      readonly authoritative: boolean;
      /** The AD bit. */
      readonly authentic: boolean;
      /** Of this name and type; aliases are not followed. */
      readonly records: readonly RecordData[T][];
    }
  | { readonly kind: 'failure'; readonly reason: 'timeout' | 'network' | 'malformed'; readonly detail: string };

/** One server, asked once (and once more over TCP). Never rejects. */
export type AskServer = <T extends RecordType>(question: ServerQuestion<T>) => Promise<ServerAnswer<T>>;

export interface MailProbeRequest {
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** The name that the certificate should have. */
  readonly host: string;
  /** EHLO name of ours. */
  readonly helo: string;
  /** TLS from the first byte: submissions, IMAPS. Default false. */
  readonly implicitTls?: boolean;
  /** Source address; default: the system's choice. */
  readonly localAddress?: string;
  /** Goes no further than the connection: the answer is empty. Default false. */
  readonly connectionOnly?: boolean;
  /** Goes no further than the greeting. Default false. */
  readonly greetingOnly?: boolean;
  /** Also tries whether TLS 1.0 and 1.1 are taken, on connections of their own. Default false. */
  readonly oldTls?: boolean;
  /** Asks to relay, and stops before DATA. */
  readonly relay?: { readonly from: string; readonly to: string };
  /** Stays in the clear also where STARTTLS is offered. Default false. */
  readonly clear?: boolean;
  /** For the whole dialogue, milliseconds. Default: DOCTOR_LIMITS.probeMs. */
  readonly patienceMs?: number;
}

export type MailProbeAnswer =
  | {
      readonly kind: 'answer';
      /** First line of the greeting, with its code. Absent with TLS from the first byte and another protocol than SMTP. */
      readonly greeting?: string;
      /** Undefined: not asked, or no STARTTLS there. */
      readonly tls?: ProbedTls;
      readonly startTls: boolean;
      /** `taken` means an open relay, unless the address that asked may relay. */
      readonly relay?: { readonly outcome: 'refused' | 'taken' | 'later'; readonly reply: string };
      /** Everything that was said, in order. */
      readonly steps?: readonly ProbedStep[];
    }
  | {
      readonly kind: 'failure';
      readonly step: 'connect' | 'greeting' | 'tls';
      /** `local`: our own doing, as a source address that is not ours; says nothing about the peer. */
      readonly reason: 'refused' | 'timeout' | 'lost' | 'local' | 'protocol';
      readonly detail: string;
      /** What was said until then, in order. */
      readonly steps?: readonly ProbedStep[];
      /** The command that got no answer; '' is the greeting. Absent: the connection was not made. */
      readonly unanswered?: string;
    };

export interface ProbedStep {
  /** What we said; '' while waiting for the greeting. */
  readonly command: string;
  readonly code: number;
  readonly enhanced?: string;
  readonly lines: readonly string[];
  /** Until the answer was there. */
  readonly tookMs: number;
}

export interface ProbedTls {
  readonly peer: PeerIdentity;
  /** As `TLSv1.3`. */
  readonly version: string;
  /** Whether TLS 1.0 or 1.1 was taken; undefined: not tried, or nobody knows. */
  readonly oldTls?: boolean;
}

/** Leaves no trace but a connection: no message is ever sent. Never rejects. */
export type MailProbe = (request: MailProbeRequest) => Promise<MailProbeAnswer>;

export type OutsideAnswer =
  | { readonly kind: 'open'; readonly address: string; readonly greeting: string }
  | { readonly kind: 'closed'; readonly address: string; readonly detail: string }
  /** The prober itself did not answer, which says nothing about us. */
  | { readonly kind: 'failure'; readonly detail: string };

/** Has somebody outside dial our port 25. Never rejects. */
export type OutsideProber = () => Promise<OutsideAnswer>;
