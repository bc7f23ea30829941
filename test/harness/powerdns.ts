/** A real PowerDNS on the loopback address with an SQLite database and its HTTP API, in a folder of its own. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freePort, missingServer } from './bind.ts';
import { eventually } from './lab-process.ts';

export const PDNS = '/usr/sbin/pdns_server';
const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

export function missingPowerDns(): string | false {
  const missing = missingServer(PDNS, 'pdns_server (pdns-server)');
  if (missing !== false) return missing;
  try {
    readFileSync(SCHEMA);
    return false;
  } catch {
    return 'pdns-backend-sqlite3 is not installed';
  }
}

export interface PowerDns {
  readonly url: string;
  readonly key: string;
  readonly dnsPort: number;
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startPowerDns(): Promise<PowerDns> {
  const folder = mkdtempSync(join(tmpdir(), 'ph-pdns-'));
  const database = new DatabaseSync(join(folder, 'pdns.sqlite3'));
  database.exec(readFileSync(SCHEMA, 'utf8'));
  database.close();
  const [dnsPort, webPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const key = randomBytes(12).toString('hex');
  writeFileSync(
    join(folder, 'pdns.conf'),
    `launch=gsqlite3
gsqlite3-database=${folder}/pdns.sqlite3
local-address=127.0.0.1
local-port=${dnsPort}
api=yes
api-key=${key}
webserver=yes
webserver-address=127.0.0.1
webserver-port=${webPort}
socket-dir=${folder}
daemon=no
guardian=no
cache-ttl=0
negquery-cache-ttl=0
query-cache-ttl=0
zone-cache-refresh-interval=0
`,
  );
  const child = spawn(PDNS, [`--config-dir=${folder}`], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${webPort}`;
  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/servers/localhost${path}`, { method, headers: { 'x-api-key': key }, ...(body !== undefined && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  await eventually('PowerDNS answers', async () => {
    if (child.exitCode !== null) throw new Error('PowerDNS did not start');
    return api('GET', '/zones').then(() => true, () => false);
  });
  return {
    url, key, dnsPort, api,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
