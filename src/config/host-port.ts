/** Where to listen or to connect to. */
export interface HostPort {
  readonly address: string;
  readonly port: number;
}
