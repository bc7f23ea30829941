/**
 * `posthorn lab`: the simulated internet with an ordinary server for example.org in it, in one process.
 *
 * The server differs from a real one in its configuration (written to the lab's folder, so that every command works
 * against it), its clock (can be advanced) and its connector (refuses to leave 127.0.0.0/8). Nobody may relay by address
 * here: on one machine everybody would. Mailboxes can be read without TLS, since nothing leaves the machine.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AdjustableClock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { Log } from '../base/log.ts';
import { removeLabPointer, writeLabPointer } from '../config/lab-pointer.ts';
import { loadConfig } from '../config/load.ts';
import type { LabOptions } from '../face/cli/ports.ts';
import { createLogSink, type OpenLogSink } from '../face/log-sink.ts';
import { insideLab } from '../lab/address-plan.ts';
import type { ZoneRecord } from '../lab/dns/zone-record.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { PROBER } from '../lab/registries.ts';
import { createLabVerbs } from '../lab/verbs.ts';
import { recordsOf } from '../manage/dns/dns.ts';
import { runVerb, type AnyVerb } from '../manage/local-call.ts';
import type { ManageContext } from '../manage/verb.ts';
import { verbs } from '../manage/verbs.ts';
import { lockDataDir, pidOfHolder } from '../store/lock.ts';
import { makePassword } from '../store/password.ts';
import { ACCESS_SERVICES, type AccessListener } from './access/access-addresses.ts';
import { greetPerson, readyLine, type LabFacts } from './lab-greeting.ts';
import { addressBehindRouter, refuseUnrehearsable, withSettings } from './lab-settings.ts';
import type { TsigKey } from '../wire/dns/tsig.ts';
import { startServer, type RunningServer } from './server.ts';
import { stopSignal } from './serve.ts';

const HOSTNAME = 'mail.example.org';
const DOMAIN = 'example.org';
const USERS = ['alice', 'bob'];
const DNS_KEY_NAME = 'lab';
const DNS_KEY_FILE = 'dns-key';
const DNS_KEY_BYTES = 32;
const PORTS = { smtp: 25, submission: 587, submissions: 465, dns: 53, policies: 443, http: 80 } as const;
/** ManageSieve is 2419 with the usual base of 2000 (its own, 4190, would not fit). */
const ACCESS_PORTS: Readonly<Record<AccessListener, number>> = { imap: 143, imaps: 993, pop3: 110, pop3s: 995, sieve: 419 };

interface Account {
  readonly address: string;
  readonly password: string;
}

export async function runLab(options: LabOptions): Promise<number> {
  const dir = resolve(options.dir ?? mkdtempSync(join(tmpdir(), 'posthorn-lab-')));
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  // The drop-ins of other users reach the server through this folder.
  if (options.dir === undefined) chmodSync(dir, 0o755);
  try {
    return await runIn(dir, options);
  } finally {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

async function runIn(dir: string, options: LabOptions): Promise<number> {
  await refuseSecondLab(dir);
  const clock = new AdjustableClock();
  const sink = createLogSink({ format: 'json', level: 'info', file: join(dir, 'posthorn.log') });
  const stopped = stopSignal();
  const running = await startInLab({ ...options, dir }, clock, sink).catch((error: unknown) => {
    throw portProblem(error) ?? error;
  });
  const pointer = { config: running.facts.config };
  writeLabPointer(process.env, pointer);
  process.stdout.write(options.json ? readyLine(running.facts) : greetPerson(running.facts));
  await stopped;
  await running.stop();
  removeLabPointer(process.env, pointer);
  sink.close();
  return 0;
}

/** The key by which the lab's name server takes updates; kept in its folder. */
function labDnsKey(dir: string): TsigKey {
  const file = join(dir, DNS_KEY_FILE);
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(DNS_KEY_BYTES).toString('base64')}\n`, { mode: 0o600 });
  return { name: DNS_KEY_NAME, algorithm: 'hmac-sha256', secret: Buffer.from(readFileSync(file, 'utf8').trim(), 'base64') };
}

/** Before anything is written: certificate and configuration there belong to the lab that runs. */
async function refuseSecondLab(dir: string): Promise<void> {
  const dataDir = join(dir, 'data');
  try {
    (await lockDataDir(dataDir)).release();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'data-dir-in-use') throw error;
    const pid = pidOfHolder(dataDir);
    throw new Failure(error.code, `${dir} is in use by ${pid === undefined ? 'another lab' : `the lab of process ${pid}`}; stop it first, or name another folder with --dir`, { temporary: false, cause: error });
  }
}

/** Of a listener that another program has, which is mostly another lab. */
function portProblem(error: unknown): Failure | undefined {
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code !== 'EADDRINUSE' || (syscall !== 'listen' && syscall !== 'bind')) return undefined;
  const text = `cannot listen on ${address}:${port}: another program, perhaps another lab, listens there; stop it, or give this lab addresses of its own with --loopback 127.2.0.0 or ports of its own with --port-base`;
  return new Failure('port-in-use', text, { temporary: false, cause: error });
}

async function startInLab(options: LabOptions & { dir: string }, clock: AdjustableClock, sink: OpenLogSink): Promise<{ facts: LabFacts; stop(): Promise<void> }> {
  const { dir, portBase } = options;
  const log = new Log(sink.write, () => clock.now());
  const network = (options.loopback ?? '127.0.0.0').replace(/\.0\.0$/, '.0');
  const bound = `${network}.10`;
  const seen = addressBehindRouter(options.settings ?? '', bound);
  const host = { hostname: HOSTNAME, ip: seen ?? bound, mxAddress: `${network}.1` };
  let context: ManageContext | undefined;
  let running: RunningServer | undefined;
  const lab = createLab({
    loopback: `${network}.0`,
    portBase,
    dir: join(dir, 'internet'),
    clock,
    log: log.with({ part: 'lab' }),
    serverHost: host,
    ...(seen !== undefined && { router: { inside: bound, outside: seen } }),
    dnsKey: labDnsKey(dir),
    ourRecords: async () => (context ? publishedRecords(context) : []),
  });
  const config = loadConfig(await writeConfig(dir, portBase, { ...host, ip: bound }, lab, options.settings ?? ''));
  refuseUnrehearsable(config, { hostname: HOSTNAME, dataDir: join(dir, 'data'), network, mail: { address: host.mxAddress, port: portBase + PORTS.smtp } });
  await lab.start();
  try {
    let accounts: readonly Account[] = [];
    const beforeQueue = async (ours: ManageContext): Promise<void> => {
      context = ours;
      accounts = await furnish(ours, dir);
      await lab.refreshRecords();
    };
    const recertify = async ({ store }: ManageContext): Promise<void> => {
      const { domains } = await store.directory.snapshot();
      // Its own alone: a certificate that --settings names is somebody's.
      await certify(lab, ownCertificate(dir), host, domains.map(({ name }) => name));
      await running?.reload(loadConfig(config.file));
    };
    const server = await startServer({ config, clock, log, verbs: labVerbs(lab, { forget: () => running?.forget(), recertify }), connectAllowed: insideLab, beforeQueue });
    running = server;
    await recertify(server.context);
    const facts: LabFacts = { dir, config: config.file, host: host.mxAddress, ports: portsOf(portBase), accessPorts: accessPortsOf(server), http: httpUrlOf(server), accounts, ca: lab.ca, providers: lab.providers, dns: lab.dns };
    return {
      facts,
      stop: async () => {
        await server.stop();
        await lab.stop();
      },
    };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

function portsOf(base: number): LabFacts['ports'] {
  return { smtp: base + PORTS.smtp, submission: base + PORTS.submission, submissions: base + PORTS.submissions };
}

function httpUrlOf({ web }: RunningServer): string | undefined {
  const [first] = web?.addresses.http ?? [];
  return first && `http://${first.address}:${first.port}`;
}

/** Those that the server really listens on. */
function accessPortsOf({ access }: RunningServer): LabFacts['accessPorts'] {
  const ports = ACCESS_SERVICES.flatMap((service) => (access?.addresses[service] ?? []).map(({ port }) => [service, port] as const));
  return Object.fromEntries(ports);
}

/** Verbs after which the lab publishes anew, since its DNS panel fills itself in. */
const CHANGES_RECORDS = /^(?:domain|dkim)\./;

/** After these a certificate with other names is needed. */
const CHANGES_NAMES = /^domain\.(?:add|remove)$/;

interface LabChanges {
  forget(): void;
  recertify(context: ManageContext): Promise<void>;
}

/** All verbs; a change of the weather or of the DNS is felt at once, not when a cache or an idle connection has expired. */
function labVerbs(lab: Lab, { forget, recertify }: LabChanges): AnyVerb[] {
  return [...verbs, ...createLabVerbs(lab)].map((verb: AnyVerb) => {
    if (verb.name !== 'lab.scenario' && verb.name !== 'lab.record' && !CHANGES_RECORDS.test(verb.name)) return verb;
    const run: AnyVerb['run'] = async (context, args) => {
      const result: unknown = await verb.run(context, args);
      if (CHANGES_NAMES.test(verb.name)) await recertify(context);
      if (CHANGES_RECORDS.test(verb.name)) await lab.refreshRecords();
      // Who only lists the scenarios changes nothing.
      else if (verb.name === 'lab.scenario' && (args as { readonly state?: string }).state === undefined) return result;
      forget();
      return result;
    };
    return { ...verb, run };
  });
}

/** What our domains publish, as the lab's zones want it; the PTR is the landlord's, which the lab plays as well. */
async function publishedRecords(context: ManageContext): Promise<readonly ZoneRecord[]> {
  const { domains } = await context.store.directory.snapshot();
  const all = await Promise.all(domains.map(({ name }) => recordsOf(context, name)));
  const unique = new Map<string, ZoneRecord>();
  for (const { name, type, ttl, value } of all.flatMap(({ records }) => records)) {
    if (type !== 'PTR') unique.set(`${name} ${type} ${value}`, { name, type, ttl, value });
  }
  return [...unique.values()];
}

/** Accounts and keys, at the first start in this folder; their passwords are kept beside, since the lab shows them each time. */
async function furnish(context: ManageContext, dir: string): Promise<Account[]> {
  const file = join(dir, 'accounts.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Account[];
  const accounts = USERS.map((name) => ({ address: `${name}@${DOMAIN}`, password: makePassword() }));
  for (const { address, password } of accounts) {
    const outcome = await runVerb(verbs, context, 'account.add', { address, password, createDomain: true });
    if (outcome.kind !== 'done' && outcome.error.code !== 'account-exists') throw new Failure(outcome.error.code, outcome.error.message);
    if (outcome.kind !== 'done') await runVerb(verbs, context, 'account.password', { address, password });
  }
  writeFileSync(file, JSON.stringify(accounts), { mode: 0o600 });
  return accounts;
}

/** One certificate for all names that our domains announce: as their owners would have it from their authority. */
async function certify(lab: Lab, { certificate, key }: { readonly certificate: string; readonly key: string }, host: { readonly ip: string; readonly mxAddress: string }, domains: readonly string[]): Promise<void> {
  const names = domains.flatMap((domain) => [domain, `mta-sts.${domain}`, `autoconfig.${domain}`, `autodiscover.${domain}`]);
  const issued = await lab.issueCertificate([HOSTNAME, ...names, 'localhost', host.mxAddress, host.ip]);
  writeFileSync(certificate, issued.certificatePem);
  writeFileSync(key, issued.keyPem, { mode: 0o600 });
}

function ownCertificate(dir: string): { readonly certificate: string; readonly key: string } {
  return { certificate: join(dir, 'certificate.pem'), key: join(dir, 'key.pem') };
}

/** Written anew at each start: the folder may be used again with other ports. */
async function writeConfig(dir: string, portBase: number, host: { ip: string; mxAddress: string }, lab: Lab, settings: string): Promise<string> {
  const { certificate, key } = ownCertificate(dir);
  await certify(lab, { certificate, key }, host, [DOMAIN]);
  const browsingKey = join(dir, 'safe-browsing.key');
  writeFileSync(browsingKey, 'lab\n', { mode: 0o600 });
  const ports = portsOf(portBase);
  const file = join(dir, 'posthorn.toml');
  const text = `# Written by "posthorn lab" at each start.
hostname = "${HOSTNAME}"
origin = "${DOMAIN}"      # of addresses without a domain, such as root's
data-dir = ${JSON.stringify(join(dir, 'data'))}
shutdown-timeout = "1s"     # Ctrl-C ends the lab at once, whatever a provider is made to do

[listen]
smtp = ["${host.mxAddress}:${ports.smtp}", "${host.ip}:${ports.smtp}"]
submission = ["${host.mxAddress}:${ports.submission}"]
submissions = ["${host.mxAddress}:${ports.submissions}"]
${ACCESS_SERVICES.map((service) => `${service} = ["${host.mxAddress}:${portBase + ACCESS_PORTS[service]}"]`).join('\n')}
http = ["${host.mxAddress}:${portBase + PORTS.http}"]
https = ["${host.mxAddress}:${portBase + PORTS.policies}"]

[tls]
certificate = ${JSON.stringify(certificate)}
key = ${JSON.stringify(key)}

[dns]
servers = ["${lab.dns.host}:${lab.dns.port}"]

[doctor]
name-server-port = ${lab.dns.port}     # of the lab; 53 on the Internet
prober = "https://${PROBER}/port25"   # a friend outside who tries our port 25
safe-browsing-key-file = ${JSON.stringify(browsingKey)}   # of the lab's own Safe Browsing

[[dns.provider]]             # the lab's name server, to rehearse posthorn dns plan and apply
type = "rfc2136"
label = "lab"
server = "${lab.dns.host}:${lab.dns.port}"
key-name = "${DNS_KEY_NAME}"
secret-file = ${JSON.stringify(join(dir, DNS_KEY_FILE))}
name-servers = ["${lab.dns.host}:${lab.dns.port}"]

[networks]
trusted = []                # may relay; on one machine everybody would
cleartext-login = ["127.0.0.0/8"]   # for mail programs and test suites that speak plain IMAP, POP3 or ManageSieve

[outbound]
protocols = ["ipv4"]
port = ${portBase + PORTS.smtp}
ca-file = ${JSON.stringify(lab.ca)}
mta-sts-port = ${portBase + PORTS.policies}   # of the lab's web server; 443 on the Internet

[[outbound.ip]]
address = "${host.ip}"

[log]
file = ${JSON.stringify(join(dir, 'posthorn.log'))}
`;
  writeFileSync(file, withSettings(text, settings));
  return file;
}
