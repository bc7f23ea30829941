/**
 * What a command works with: its configuration, verbs, output. The configuration is read only when a command asks for it,
 * so that `--help`, `version` and `explain` work anywhere.
 */
import { Failure } from '../../base/errors.ts';
import type { Config, HostPort } from '../../config/config.ts';
import { findConfigFile, loadConfig } from '../../config/load.ts';
import { parseEndpoint } from '../../config/values.ts';
import { callVerb, callVerbPieces, openVerbSession, type VerbSession } from '../control/client.ts';
import { Output } from './output.ts';
import type { CliIo, CliPorts } from './ports.ts';

/** Wrong use of the command line: exit status 2. */
export class UsageError extends Error {}

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly dns?: string;
  readonly json?: boolean;
}

export class Session {
  readonly ports: CliPorts;
  readonly io: CliIo;
  readonly out: Output;

  constructor(ports: CliPorts, io: CliIo) {
    this.ports = ports;
    this.io = io;
    this.out = new Output(io);
  }

  /** Throws ConfigError or Failure `config-not-found`. `--dns` replaces the name servers of the file. */
  config(options: CommonOptions): Config {
    const config = loadConfig(findConfigFile(options.config, this.io.environment, this.io.cwd));
    const servers = nameServersOf(options);
    return servers ? { ...config, dns: { ...config.dns, servers } } : config;
  }

  /** For commands that need name servers only: those of --dns, else the configuration's if there is one, else the system's. */
  nameServers(options: CommonOptions): readonly HostPort[] {
    return nameServersOf(options) ?? this.configIfAny(options)?.dns.servers ?? [];
  }

  /** Undefined where no configuration is. Throws ConfigError. */
  configIfAny(options: CommonOptions): Config | undefined {
    try {
      return this.config(options);
    } catch (error) {
      if (error instanceof Failure && error.code === 'config-not-found') return undefined;
      throw error;
    }
  }

  /** The verb's result, as the type that the caller knows the verb to give. */
  async call<Result>(options: CommonOptions, verb: string, args: unknown): Promise<Result> {
    return (await callVerb(this.config(options), verb, args, this.ports)) as Result;
  }

  /** The elements of a result that the verb makes in pieces. */
  pieces<Element>(options: CommonOptions, verb: string, args: unknown): AsyncIterable<Element> {
    return callVerbPieces(this.config(options), verb, args, this.ports) as AsyncIterable<Element>;
  }

  /** For many calls one after the other; closed by the caller. */
  verbs(options: CommonOptions): VerbSession {
    return openVerbSession(this.config(options), this.ports);
  }
}

function nameServersOf({ dns }: CommonOptions): readonly HostPort[] | undefined {
  if (dns === undefined) return undefined;
  const server = parseEndpoint(dns, 53);
  if (!server) throw new UsageError(`--dns ${dns}: give an address and a port, such as 127.0.0.1:2053 or [::1]:53`);
  return [server];
}
