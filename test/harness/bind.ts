/** A real BIND on a loopback address, with zones that take updates signed with one key; it lives in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-place.ts';

export { freePort };

const NAMED = '/usr/sbin/named';
const READY_TIMEOUT_MS = 60_000;
const SAID_CHARS_MAX = 20_000;

export function missingServer(path = NAMED, what = 'named (bind9)'): string | false {
  try {
    accessSync(path, constants.X_OK);
    return false;
  } catch {
    return `${what} is not installed`;
  }
}

export interface Bind {
  readonly address: string;
  readonly port: number;
  readonly keyName: string;
  readonly algorithm: string;
  /** Base64. */
  readonly secret: string;
  /** The public key of a signed zone, as a trust anchor names it: flags, protocol, algorithm, "key". */
  anchorOf(zone: string): string;
  stop(): Promise<void>;
}

/** `zones`: content of each behind SOA and NS; `signed`: those that it signs by DNSSEC. */
export async function startBind(address: string, zones: Readonly<Record<string, string>>, algorithm = 'hmac-sha256', signed: readonly string[] = []): Promise<Bind> {
  const folder = mkdtempSync(join(tmpdir(), 'ph-bind-'));
  const port = await freePort(address);
  const secret = randomBytes(32).toString('base64');
  const keyName = 'posthorn-test';
  mkdirSync(join(folder, 'zones'));
  const statements = Object.entries(zones).map(([zone, content]) => {
    writeFileSync(join(folder, 'zones', zone), `$TTL 300\n@ IN SOA ns1.${zone}. hostmaster.${zone}. 1 3600 600 86400 60\n@ IN NS ns1.${zone}.\nns1 IN A ${address}\n${content}\n`);
    return `zone "${zone}" { type primary; file "zones/${zone}"; update-policy { grant ${keyName} zonesub ANY; };${signed.includes(zone) ? ' dnssec-policy default; inline-signing yes;' : ''} };`;
  });
  writeFileSync(
    join(folder, 'named.conf'),
    `key "${keyName}" { algorithm ${algorithm}; secret "${secret}"; };
options { directory "${folder}"; key-directory "${folder}"; listen-on port ${port} { ${address}; }; listen-on-v6 { none; }; recursion no; allow-transfer { none; }; dnssec-validation no; notify no; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key"; lock-file none; tcp-clients 400; };
controls { };
${statements.join('\n')}
`,
  );
  const child = spawn(NAMED, ['-g', '-c', join(folder, 'named.conf'), '-n', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await ready(child, signed);
  return {
    address, port, keyName, algorithm, secret,
    anchorOf: (zone) => {
      const file = readdirSync(folder).find((name) => name.startsWith(`K${zone}.+`) && name.endsWith('.key')) ?? '';
      const [, fields = '', key = ''] = /DNSKEY (\d+ \d+ \d+) (.*)$/m.exec(readFileSync(join(folder, file), 'utf8')) ?? [];
      return `${fields} "${key.replaceAll(' ', '')}"`;
    },
    stop: () => stopped(child, folder),
  };
}

/** A BIND that asks `server` about its zones, validates what it says, and believes nothing else. */
export async function startValidator(server: Bind, signed: readonly string[], unsigned: readonly string[]): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'ph-bind-'));
  const port = await freePort(server.address);
  const forward = [...signed, ...unsigned].map((zone) => `zone "${zone}" { type forward; forward only; forwarders { ${server.address} port ${server.port}; }; };`);
  // No way leads to the real name servers of reverse names.
  writeFileSync(join(folder, 'reverse'), '$TTL 60\n@ IN SOA ns. hostmaster. 1 3600 600 86400 60\n@ IN NS ns.\n');
  writeFileSync(
    join(folder, 'named.conf'),
    `options { directory "${folder}"; listen-on port ${port} { ${server.address}; }; listen-on-v6 { none; }; recursion yes; dnssec-validation yes; empty-zones-enable no; max-cache-ttl 1; max-ncache-ttl 1; synth-from-dnssec no; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key"; lock-file none; };
controls { };
trust-anchors { ${signed.map((zone) => `"${zone}" static-key ${server.anchorOf(zone)};`).join(' ')} };
zone "in-addr.arpa" { type primary; file "reverse"; };
${forward.join('\n')}
`,
  );
  const child = spawn(NAMED, ['-g', '-c', join(folder, 'named.conf'), '-n', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await ready(child);
  return { port, stop: () => stopped(child, folder) };
}

async function stopped(child: ChildProcess, folder: string): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

/** `signed`: zones whose keys must be there. */
async function ready(child: ChildProcess, signed: readonly string[] = []): Promise<void> {
  let said = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-SAID_CHARS_MAX);
      if (/ running$/m.test(said) && signed.every((zone) => said.includes(`zone ${zone}/IN (signed): next key event`))) resolve();
    });
    child.on('exit', () => reject(new Error(`BIND did not start: ${said}`)));
  });
  clearTimeout(timer);
}
