/**
 * Sets a real server up: writes the configuration, makes data directory, certificate, domain, DKIM keys and the first
 * account, and tells which DNS records to publish and what the host still lacks.
 *
 * Policy: nothing that exists is changed. Run again with the same configuration, it goes on with what is missing, so that
 * a run that failed half way needs no cleaning up.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { Dns } from '../../contract/dns.ts';
import { domainOf, isPublicName } from '../../mail/address.ts';
import { domainKey, mailboxKey } from '../../store/clients/directory.ts';
import type { AccountSecret } from '../directory/account.ts';
import { publicAddresses } from '../dns/dns.ts';
import type { DomainRecords } from '../dns/dns.ts';
import { checkHost } from './quickstart-checks.ts';
import type { HostCheck, ListenProbe } from './quickstart-checks.ts';
import { quickstartConfig } from './quickstart-config.ts';

export interface QuickstartOptions {
  /** The first account; its domain becomes the first domain. */
  readonly address: string;
  /** Absolute path. When the file is there, the options below are not looked at. */
  readonly configFile: string;
  /** Default: `posthorn-data` beside the configuration. */
  readonly dataDir?: string;
  /** Default: `mail.` and the domain. */
  readonly hostname?: string;
  /** Public addresses to send from. Default: the system chooses, the records name those of this machine. */
  readonly addresses?: readonly string[];
  /** Look at the host and the DNS; default true. */
  readonly check?: boolean;
}

export interface QuickstartPorts {
  /** net/self-signed.ts; manage may not see net. */
  readonly createCertificate: (request: { readonly subject: string; readonly altNames: readonly string[]; readonly days: number }) => {
    readonly certificatePem: string;
    readonly keyPem: string;
  };
  readonly probeListen: ListenProbe;
  readonly dns: Dns;
  /** Runs a verb, in the server when one is running. */
  readonly call: (config: Config, verb: string, args: unknown) => Promise<unknown>;
}

export interface QuickstartResult {
  readonly config: string;
  /** False: it was there and stays as it is. */
  readonly configWritten: boolean;
  readonly dataDir: string;
  readonly hostname: string;
  /** With the password when the account was made now: the one time it can be seen. */
  readonly account: AccountSecret;
  readonly records: DomainRecords;
  readonly checks: readonly HostCheck[];
  /** What to do now, in order; one sentence each. */
  readonly next: readonly string[];
}

/** Ten years: nobody verifies it, and an expired one would only add a second warning to the first. */
const SELF_SIGNED_DAYS = 3650;

/** Rejects with a permanent Failure `address-refused`, `domain-refused`, `hostname-refused`, `not-writable`, or ConfigError. */
export async function quickstart(options: QuickstartOptions, ports: QuickstartPorts): Promise<QuickstartResult> {
  const address = mailboxKey(options.address);
  const domain = domainOf(address);
  if (!isPublicName(domain)) throw new Failure('domain-refused', `${domain} is no domain that others can write to: use one like example.org`, { temporary: false });
  const configWritten = await writeConfiguration(options, domain);
  const config = loadConfig(options.configFile);
  const madeCertificate = await writeCertificate(config, ports);
  const account = await ensureAccount(config, address, ports);
  const records = (await ports.call(config, 'dns.records', { domain })) as DomainRecords;
  const sending = publicAddresses(config).map((each) => each.address);
  const checks = (options.check ?? true) ? await checkHost(config, sending, ports) : [];
  return {
    config: options.configFile,
    configWritten,
    dataDir: config.dataDir,
    hostname: config.hostname,
    account,
    records,
    checks,
    next: nextSteps(config, domain, checks, madeCertificate),
  };
}

/** False when it is there already. */
async function writeConfiguration(options: QuickstartOptions, domain: string): Promise<boolean> {
  const { configFile, addresses = [] } = options;
  const hostname = hostnameFor(domain, options.hostname);
  const wrong = addresses.find((address) => isIP(address) === 0);
  if (wrong !== undefined) throw new Failure('address-refused', `${JSON.stringify(wrong)} is not an IP address: write it like 203.0.113.10`, { temporary: false });
  if (existsSync(configFile)) return false;
  const dataDir = resolve(dirname(configFile), options.dataDir ?? 'posthorn-data');
  const text = quickstartConfig({ hostname, domain, dataDir, addresses });
  await write(configFile, text, { folderMode: 0o755, mode: 0o644 });
  return true;
}

function hostnameFor(domain: string, wanted: string | undefined): string {
  const name = domainKey(wanted ?? `mail.${domain}`);
  if (isPublicName(name)) return name;
  throw new Failure('hostname-refused', `${wanted} is not a full host name: write it like mail.${domain}`, { temporary: false });
}

/** Only where the configuration names both files and neither is there; a lone key is somebody's work in progress. */
async function writeCertificate({ hostname, tls }: Config, ports: QuickstartPorts): Promise<boolean> {
  const { certificate, key } = tls;
  if (certificate === undefined || key === undefined || existsSync(certificate) || existsSync(key)) return false;
  const made = ports.createCertificate({ subject: hostname, altNames: [hostname], days: SELF_SIGNED_DAYS });
  await write(key, made.keyPem, { folderMode: 0o700, mode: 0o600 });
  await write(certificate, made.certificatePem, { folderMode: 0o700, mode: 0o644 });
  return true;
}

async function ensureAccount(config: Config, address: string, { call }: QuickstartPorts): Promise<AccountSecret> {
  const { accounts } = (await call(config, 'account.list', {})) as { readonly accounts: readonly { readonly address: string }[] };
  if (accounts.some((account) => account.address === address)) return { address };
  const { password } = (await call(config, 'account.add', { address, createDomain: true })) as AccountSecret;
  return { address, ...(password === undefined ? {} : { password }) };
}

async function write(path: string, text: string, modes: { readonly folderMode: number; readonly mode: number }): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: modes.folderMode });
    await writeFile(path, text, { flag: 'wx', mode: modes.mode });
    // Whatever the umask: the sendmail of other users reads the configuration, which holds no secret.
    await chmod(path, modes.mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('not-writable', `${path} cannot be written (${code ?? 'unknown error'}): run this as root, or choose with --config and --data-dir`, {
      temporary: false,
      cause,
    });
  }
}

function nextSteps(config: Config, domain: string, checks: readonly HostCheck[], madeCertificate: boolean): readonly string[] {
  return [
    ...checks.flatMap((check) => (check.result === 'good' || check.fix === undefined ? [] : [check.fix])),
    `Publish the DNS records of ${domain} (posthorn dns records ${domain} prints them again).`,
    ...(madeCertificate ? [`Put a certificate for ${config.hostname} in the place of the self-signed one: [tls] in ${config.file}.`] : []),
    `Start the server: posthorn serve --config ${config.file}`,
    `See whether mail will arrive, and what is still missing: posthorn doctor --config ${config.file}`,
  ];
}
