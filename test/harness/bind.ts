/** A real BIND on a loopback address, with zones that take updates signed with one key; it lives in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMED = '/usr/sbin/named';
const READY_TIMEOUT_MS = 30_000;
const SAID_CHARS_MAX = 4000;

export function missingServer(path = NAMED, what = 'named (bind9)'): string | false {
  try {
    accessSync(path, constants.X_OK);
    return false;
  } catch {
    return `${what} is not installed`;
  }
}

/** A port that is free for TCP now. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export interface Bind {
  readonly address: string;
  readonly port: number;
  readonly keyName: string;
  readonly algorithm: string;
  /** Base64. */
  readonly secret: string;
  stop(): Promise<void>;
}

/** `zones`: content of each behind SOA and NS. */
export async function startBind(address: string, zones: Readonly<Record<string, string>>, algorithm = 'hmac-sha256'): Promise<Bind> {
  const folder = mkdtempSync(join(tmpdir(), 'ph-bind-'));
  const port = await freePort(address);
  const secret = randomBytes(32).toString('base64');
  const keyName = 'posthorn-test';
  mkdirSync(join(folder, 'zones'));
  const statements = Object.entries(zones).map(([zone, content]) => {
    writeFileSync(join(folder, 'zones', zone), `$TTL 300\n@ IN SOA ns1.${zone}. hostmaster.${zone}. 1 3600 600 86400 60\n@ IN NS ns1.${zone}.\nns1 IN A ${address}\n${content}\n`);
    return `zone "${zone}" { type primary; file "zones/${zone}"; update-policy { grant ${keyName} zonesub ANY; }; };`;
  });
  writeFileSync(
    join(folder, 'named.conf'),
    `key "${keyName}" { algorithm ${algorithm}; secret "${secret}"; };
options { directory "${folder}"; listen-on port ${port} { ${address}; }; listen-on-v6 { none; }; recursion no; allow-transfer { none; }; dnssec-validation no; notify no; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key"; lock-file none; tcp-clients 400; };
controls { };
${statements.join('\n')}
`,
  );
  const child = spawn(NAMED, ['-g', '-c', join(folder, 'named.conf'), '-n', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await ready(child);
  return {
    address, port, keyName, algorithm, secret,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  let said = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-SAID_CHARS_MAX);
      if (/ running$/m.test(said)) resolve();
    });
    child.on('exit', () => reject(new Error(`BIND did not start: ${said}`)));
  });
  clearTimeout(timer);
}
