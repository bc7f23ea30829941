/** One exchange over HTTPS with a small answer, as a port. Whatever the network does is an answer. */
export interface HttpsRequest {
  /** Name of the host, for DNS, SNI, certificate and Host field. */
  readonly host: string;
  readonly port: number;
  /** Begins with `/`. */
  readonly path: string;
  /** Default: POST with a body, else GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: { readonly mediaType: string; readonly text: string } | { readonly mediaType: string; readonly bytes: Buffer };
  /** Accept field; default `text/plain`. */
  readonly accept?: string;
  /** Further fields, as `authorization`; names in lower case. Never logged. */
  readonly headers?: Readonly<Record<string, string>>;
  /** False: HTTP in the clear, which only an administrator may choose, for a service on a network of their own. Default true. */
  readonly secure?: boolean;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export type HttpsAnswer =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Media type in lower case without parameters; '' when there is none. */
      readonly mediaType: string;
      /** Names in lower case; several of a name joined with `, `. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  /** `certificate`: the server did not prove who it is. */
  | { readonly kind: 'failure'; readonly reason: 'dns' | 'connect' | 'certificate' | 'timeout' | 'too-large' | 'protocol'; readonly detail: string };

/** Follows no redirects. Rejects only with the signal's reason. */
export type HttpsFetch = (request: HttpsRequest) => Promise<HttpsAnswer>;
