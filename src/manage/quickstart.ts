/**
 * Sets a real server up: writes the configuration, makes data directory, certificate, domain, DKIM keys and the first
 * account, and tells which DNS records to publish and what is still missing.
 *
 * Policy: nothing that exists is changed. A configuration or a store that is there is refused before anything is
 * written; when a later step fails, what this run made is taken away again, so that it can be run once more.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname as machineName } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/load.ts';
import type { Dns } from '../contract/dns.ts';
import { domainOf } from '../mail/address.ts';
import { domainKey, mailboxKey } from '../store/clients/directory.ts';
import { derivePassword, makePassword } from '../store/password.ts';
import { openStore } from '../store/store.ts';
import { machineAddresses, recordsOf } from './dns.ts';
import type { DomainRecords } from './dns.ts';
import { createDomain } from './domain.ts';
import { checkHost } from './quickstart-checks.ts';
import type { HostCheck, ListenProbe } from './quickstart-checks.ts';
import { quickstartConfig } from './quickstart-config.ts';

export interface QuickstartOptions {
  /** The first account; its domain becomes the first domain. */
  readonly address: string;
  /** Default: /etc/posthorn/posthorn.toml for root, else ./posthorn.toml. */
  readonly configFile?: string;
  /** Default: /var/lib/posthorn for root, else ./posthorn-data. */
  readonly dataDir?: string;
  /** Default: this machine's name when it is a full one, else `mail.` and the domain. */
  readonly hostname?: string;
  /** Public addresses to send from. Default: the first of each family that this machine has. */
  readonly addresses?: readonly string[];
  /** Default: one is made and given back. */
  readonly password?: string;
}

export interface QuickstartPorts {
  /** net/self-signed.ts; manage may not see net. */
  readonly createCertificate: (request: { readonly subject: string; readonly altNames: readonly string[]; readonly days: number }) => {
    readonly certificatePem: string;
    readonly keyPem: string;
  };
  readonly probeListen: ListenProbe;
  readonly dns: Dns;
  readonly clock: Clock;
}

export interface QuickstartResult {
  readonly configFile: string;
  readonly dataDir: string;
  readonly hostname: string;
  readonly account: string;
  /** Only when it was made here: the one time it can be seen. */
  readonly password?: string;
  readonly certificateFile: string;
  readonly dns: DomainRecords;
  readonly checks: readonly HostCheck[];
  /** What to do now, in order; one sentence each. */
  readonly next: readonly string[];
}

/** Ten years: nobody verifies it, and an expired one would only add a second warning to the first. */
const SELF_SIGNED_DAYS = 3650;

/** Rejects with a permanent Failure: `address-refused`, `domain-refused`, `hostname-refused`, `config-exists`, `data-dir-used`, `not-writable`. */
export async function quickstart(options: QuickstartOptions, ports: QuickstartPorts): Promise<QuickstartResult> {
  const plan = planOf(options);
  refuseExisting(plan);
  const text = quickstartConfig(plan);
  const config = parseConfig(text, plan.configFile);
  const made: string[] = [];
  let account: { readonly dns: DomainRecords; readonly password?: string };
  try {
    await writeFiles(plan, text, ports, made);
    account = await fillStore(config, plan, options.password, ports.clock);
  } catch (error) {
    for (const path of made.toReversed()) await rm(path, { recursive: true, force: true });
    throw error instanceof Failure ? error : notWritable(error);
  }
  const checks = await checkHost(config, plan.addresses, ports);
  return {
    configFile: plan.configFile,
    dataDir: plan.dataDir,
    hostname: plan.hostname,
    account: plan.account,
    certificateFile: plan.certificateFile,
    ...account,
    checks,
    next: nextSteps(plan, checks),
  };
}

interface Plan {
  readonly account: string;
  readonly domain: string;
  readonly hostname: string;
  readonly configFile: string;
  readonly dataDir: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly addresses: readonly string[];
}

function planOf(options: QuickstartOptions): Plan {
  const account = mailboxKey(options.address);
  const domain = domainOf(account);
  if (!domain.includes('.')) throw new Failure('domain-refused', `${domain} is no domain that others can write to: use one like example.org`, { temporary: false });
  const isRoot = process.getuid?.() === 0;
  const dataDir = resolve(options.dataDir ?? (isRoot ? '/var/lib/posthorn' : 'posthorn-data'));
  return {
    account,
    domain,
    hostname: hostnameFor(domain, options.hostname),
    configFile: resolve(options.configFile ?? (isRoot ? '/etc/posthorn/posthorn.toml' : 'posthorn.toml')),
    dataDir,
    certificateFile: join(dataDir, 'tls', 'self-signed.pem'),
    keyFile: join(dataDir, 'tls', 'self-signed.key'),
    addresses: options.addresses ?? onePerFamily(machineAddresses()),
  };
}

/** A machine has many IPv6 addresses; each that sends needs a PTR record. */
function onePerFamily(addresses: readonly string[]): readonly string[] {
  const v4 = addresses.find((address) => !address.includes(':'));
  const v6 = addresses.find((address) => address.includes(':'));
  return [v4, v6].filter((address) => address !== undefined);
}

function hostnameFor(domain: string, wanted: string | undefined): string {
  if (wanted !== undefined) {
    const name = domainKey(wanted);
    if (name.includes('.')) return name;
    throw new Failure('hostname-refused', `${wanted} is not a full host name: write it like mail.${domain}`, { temporary: false });
  }
  const own = machineName().toLowerCase();
  const usable = own.includes('.') && own !== domain && !/(^|\.)(localhost|localdomain|local|internal|lan|home)$/.test(own);
  return usable ? domainKey(own) : `mail.${domain}`;
}

function refuseExisting({ configFile, dataDir }: Plan): void {
  if (existsSync(configFile)) {
    throw new Failure('config-exists', `${configFile} is there already and stays as it is: run posthorn serve, or name another file with --config`, { temporary: false });
  }
  if (existsSync(join(dataDir, 'posthorn.db'))) {
    throw new Failure('data-dir-used', `${dataDir} holds the data of a server already: name another folder with --data-dir`, { temporary: false });
  }
}

/** Adds to `made` what it made, outermost folder first. */
async function writeFiles(plan: Plan, text: string, ports: QuickstartPorts, made: string[]): Promise<void> {
  for (const folder of [dirname(plan.configFile), plan.dataDir]) {
    const first = await mkdir(folder, { recursive: true, mode: folder === plan.dataDir ? 0o700 : 0o755 });
    if (first !== undefined) made.push(first);
  }
  await writeFile(plan.configFile, text, { flag: 'wx', mode: 0o640 });
  made.push(plan.configFile);
  for (const name of ['posthorn.db', 'posthorn.db-wal', 'posthorn.db-shm', 'bodies', 'run', join('keys', plan.domain), 'tls']) {
    const path = join(plan.dataDir, name);
    if (!existsSync(path)) made.push(path);
  }
  const certificate = ports.createCertificate({ subject: plan.hostname, altNames: [plan.hostname], days: SELF_SIGNED_DAYS });
  await mkdir(dirname(plan.keyFile), { recursive: true, mode: 0o700 });
  await writeFile(plan.keyFile, certificate.keyPem, { flag: 'wx', mode: 0o600 });
  await writeFile(plan.certificateFile, certificate.certificatePem, { flag: 'wx', mode: 0o644 });
}

async function fillStore(config: Config, plan: Plan, given: string | undefined, clock: Clock): Promise<{ readonly dns: DomainRecords; readonly password?: string }> {
  const password = given ?? makePassword();
  const credentials = await derivePassword(password);
  const store = await openStore(plan.dataDir, { clock });
  try {
    await createDomain({ store, clock, log: silentLog }, plan.domain);
    await store.directory.addAccount(plan.account, credentials, clock.now());
    const dns = await recordsOf(store, config, plan.domain);
    return given === undefined ? { dns, password } : { dns };
  } finally {
    await store.close();
  }
}

function notWritable(error: unknown): Failure {
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path === undefined ? 'the configuration or the data directory' : path;
  return new Failure('not-writable', `${where} cannot be written (${code ?? 'unknown error'}): run this as root, or choose with --config and --data-dir`, {
    temporary: false,
    cause: error,
  });
}

function nextSteps(plan: Plan, checks: readonly HostCheck[]): readonly string[] {
  return [
    ...checks.flatMap((check) => (check.result === 'good' || check.fix === undefined ? [] : [check.fix])),
    `Publish the DNS records of ${plan.domain} (posthorn dns records ${plan.domain} prints them again).`,
    `Replace the self-signed certificate by one for ${plan.hostname} in [tls] of ${plan.configFile}.`,
    `Start the server: posthorn serve --config ${plan.configFile}`,
  ];
}
