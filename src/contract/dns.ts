/**
 * DNS as a port. Answers are data, also the failing ones: who asks must decide what "unknown" means, and the compiler
 * makes sure that it does. Names are given and returned without the trailing dot, in A-label form, lower case.
 */
export interface RecordData {
  A: string;
  AAAA: string;
  MX: { readonly preference: number; readonly exchange: string };
  /** The character-strings of one record, each decoded as latin1 so that no byte is lost; join('') for SPF, DKIM, DMARC. */
  TXT: readonly string[];
  PTR: string;
  NS: string;
  CNAME: string;
  SOA: { readonly mname: string; readonly rname: string; readonly serial: number; readonly minimum: number };
  TLSA: { readonly usage: number; readonly selector: number; readonly matchingType: number; readonly data: Buffer };
  SRV: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string };
  CAA: { readonly flags: number; readonly tag: string; readonly value: string };
}
export type RecordType = keyof RecordData;

export type DnsAnswer<T extends RecordType> =
  | {
      readonly kind: 'found';
      readonly records: readonly RecordData[T][];
      readonly ttlSeconds: number;
      /** The AD bit, from a resolver that the configuration trusts. */
      readonly secure: boolean;
      /** The name that owns the records, after CNAMEs. */
      readonly canonicalName: string;
    }
  | { readonly kind: 'nxdomain'; readonly secure: boolean }
  /** The name exists without records of the type. */
  | { readonly kind: 'nodata'; readonly secure: boolean }
  /** Nobody knows: always temporary. */
  | {
      readonly kind: 'failure';
      readonly reason:
        | 'timeout' | 'servfail' | 'formerr' | 'notimp' | 'refused' | 'network'
        /** SERVFAIL because of signatures; known with `blame` only. */
        | 'bogus'
        /** No answer to the question that was asked. */
        | 'malformed'
        /** Too long for UDP, and not to be had over TCP. */
        | 'truncated'
        /** CNAMEs that lead in a circle, or too far. */
        | 'aliases';
      /** Which name server it was, and what it did. */
      readonly detail: string;
      /** Do our name servers answer other questions? Absent: not known; without `blame` known of time-outs only. */
      readonly onlyHere?: boolean;
      /** What the name server said beside (RFC 8914); without quotation marks and control characters. */
      readonly extended?: string;
    };

export interface DnsQueryOptions {
  readonly signal?: AbortSignal;
  /** Of a failure find out who is to blame, which takes a few more seconds. Default false. */
  readonly blame?: boolean;
}

export interface Dns {
  /** Never rejects for anything the network did; rejects only with the signal's reason. Follows CNAMEs. */
  query<T extends RecordType>(name: string, type: T, options?: DnsQueryOptions): Promise<DnsAnswer<T>>;
}
