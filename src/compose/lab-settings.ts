/**
 * What `posthorn lab --settings` may replace: everything but what the simulated internet itself rests on. Its host is called
 * mail.example.org and keeps its data in the lab's folder, strangers knock at its port 25, and nothing leaves 127.0.0.0/8. Such a
 * setting is refused in words, since a rehearsal that quietly shows something else is worse than none.
 */
import { Failure } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/problem.ts';
import { mergeToml } from '../config/toml-merge.ts';
import { readToml } from '../config/toml-source.ts';
import { insideLab } from '../lab/address-plan.ts';

/** Tables of arrays that `--settings` mends instead of adding to them, and what each is about. */
const IDENTITIES = { 'outbound.ip': 'address', 'dns.provider': 'label' } as const;

/** Throws ConfigError for what is no TOML. */
export function withSettings(text: string, settings: string): string {
  const merged = mergeToml(text, settings, IDENTITIES);
  if (merged.kind === 'malformed') throw new ConfigError([{ ...merged, file: '--settings', key: '', allowed: merged.message }]);
  return merged.text;
}

/** The address that the lab's internet sees instead of `bound`: its router translates. Undefined without NAT. */
export function addressBehindRouter(settings: string, bound: string): string | undefined {
  const read = readToml(settings);
  const { outbound } = (read.kind === 'read' ? read.source.value : {}) as { readonly outbound?: { readonly ip?: unknown } };
  const ips = Array.isArray(outbound?.ip) ? (outbound.ip as readonly Readonly<Record<string, unknown>>[]) : [];
  const seen = ips.find(({ address }) => address === bound)?.['public-address'];
  return typeof seen === 'string' ? seen : undefined;
}

function no(text: string): never {
  throw new Failure('lab-settings', `--settings: ${text}`, { temporary: false });
}

export interface LabBasis {
  readonly hostname: string;
  readonly dataDir: string;
  /** `127.N.0`. */
  readonly network: string;
  /** Where strangers knock. */
  readonly mail: { readonly address: string; readonly port: number };
}

/** Throws Failure `lab-settings` for what cannot be rehearsed. */
export function refuseUnrehearsable(config: Config, { hostname, dataDir, network, mail }: LabBasis): void {
  if (config.hostname !== hostname) no(`hostname cannot be replaced: the simulated internet knows the lab's server as ${hostname}`);
  if (config.dataDir !== dataDir) no('data-dir cannot be replaced: name the folder of the lab with --dir');
  const server = config.dns.servers.find(({ address }) => !insideLab(address));
  if (server) no(`dns.servers names ${server.address}, which is outside of the lab; leave it out, and change what the lab's name server answers with posthorn lab record`);
  if (!config.listen.smtp.some(({ address, port }) => address === mail.address && port === mail.port)) no(`listen.smtp must keep "${mail.address}:${mail.port}", where the lab's strangers deliver`);
  const isOurs = (address: string): boolean => insideLab(address) && address.startsWith(`${network}.`);
  for (const { address, publicAddress = address } of config.outbound.ips) {
    const wrong = [address, publicAddress].find((each) => !isOurs(each));
    if (wrong !== undefined) no(`outbound.ip names ${wrong}, which is outside of the lab; rehearse NAT with address = "${network}.10" and public-address = "${network}.12": the lab's router shows the second to everybody`);
  }
}
