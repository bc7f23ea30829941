/** What the command line needs from the rest of the program; src/main.ts hands it in. What not every command needs is loaded on demand. */
import type { Config } from '../../config/config.ts';
import type { HostPort } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import type { SimulationOptions, SimulationResult } from '../../contract/simulation.ts';
import type { AnyVerb } from '../../manage/local-call.ts';
import type { QuickstartPorts } from '../../manage/quickstart/quickstart.ts';
import type { OpenContext } from '../control/client.ts';

export interface ServeOptions {
  /** Reads the configuration again, for SIGHUP. Throws ConfigError. */
  readonly reload: () => Config;
}

export interface LabOptions {
  /** Default: a fresh temporary folder. */
  readonly dir?: string;
  /** Default 2000. */
  readonly portBase: number;
  /** One ready line of JSON on stdout instead of text. */
  readonly json: boolean;
  /** The network of the lab, `127.N.0.0`. Default 127.0.0.0. */
  readonly loopback?: string;
  /** TOML tables added to the configuration of the lab's server, to rehearse settings. */
  readonly settings?: string;
}

export interface ProberOptions {
  readonly listen: HostPort;
  /** PEM files; absent: http. */
  readonly files?: { readonly certificate: string; readonly key: string };
  /** The port to try. */
  readonly mailPort: number;
  /** CIDR. */
  readonly trustedProxies: readonly string[];
}

export interface CliPorts {
  /** Runs until it is told to stop; resolves to the exit status. */
  serve(config: Config, options: ServeOptions): Promise<number>;
  lab(options: LabOptions): Promise<number>;
  /** Runs until it is told to stop; `ready` is told where it listens. */
  prober(options: ProberOptions, ready: (url: string) => void): Promise<number>;
  /** Rehearses a warm-up; needs no server. */
  simulate(options: SimulationOptions): Promise<SimulationResult>;
  readonly openContext: OpenContext;
  /** Every verb that may run in the command's own process. */
  loadVerbs(): Promise<readonly AnyVerb[]>;
  /** A resolver that asks these servers; empty: the system's. */
  createDns(servers: readonly HostPort[]): Promise<Dns & { close(): void }>;
  /** What examinations ask of others; `config` undefined: there is none. */
  createDoctorNetwork(config: Config | undefined, servers: readonly HostPort[], dns: Dns): Promise<DoctorNetwork & { close(): void }>;
  /** What quickstart needs of the host. */
  loadHost(): Promise<Pick<QuickstartPorts, 'createCertificate' | 'probeListen'>>;
  /** From package.json. */
  readonly version: string;
}

/** The process around the command, so that tests need none. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export function processIo(): CliIo {
  return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, environment: process.env, cwd: process.cwd() };
}
