/** One page or one call of the web server, as data. Faces serve routes; who knows the answer hands them in. */
export interface HttpRouteRequest {
  /** Of the Host field, lower case, without the port. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most the route's bodyBytesMax; empty for GET. */
  readonly body: Buffer;
  readonly clientAddress: string;
  /** A proxy of the configuration brought it: with the address of its client, or without, when `clientAddress` is the proxy's. */
  readonly forwarded?: 'client' | 'without-client';
  readonly secure: boolean;
}

export interface HttpRouteAnswer {
  readonly status: number;
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface HttpRoute {
  readonly method: 'GET' | 'POST';
  /** Exact, or a prefix when it ends with `/*`. */
  readonly path: string;
  /** Only for host names that this accepts; default all. */
  readonly host?: (name: string) => boolean;
  /** Default 0. A longer body is answered 413. */
  readonly bodyBytesMax?: number;
  /** Undefined: not here, 404. A rejection is answered 500 and logged. */
  handle(request: HttpRouteRequest): Promise<HttpRouteAnswer | undefined>;
}
