/**
 * A plan over 500 domains against a local name server (BIND): read by the DNS alone, and through the provider that hosts the
 * zones, with signed questions. Half of the domains publish what they should, half nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { createDnsPublishing } from '../src/compose/dns-publishing.ts';
import { parseConfig } from '../src/config/load.ts';
import { planDomains } from '../src/manage/dns/dns-planning.ts';
import { renderExport } from '../src/manage/dns/dns-rendering.ts';
import { recordsOf } from '../src/manage/dns/dns.ts';
import { createConnector } from '../src/net/connector.ts';
import { createResolver } from '../src/net/resolver.ts';
import { openStore } from '../src/store/store.ts';
import { freePort, missingServer, startBind } from '../test/harness/bind.ts';

const DOMAINS = 500;
const TARGET_SECONDS = 10;

export async function runDnsPlanBench(): Promise<number> {
  const missing = missingServer();
  if (missing !== false) {
    console.error(`dns-plan: ${missing}`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ph-dns-plan-'));
  const clock = new SystemClock();
  const store = await openStore(folder, { clock });
  const names = Array.from({ length: DOMAINS }, (_, at) => `d${at}.bench.example`);
  const dns = { query: async () => ({ kind: 'nxdomain' as const, secure: false }) };
  const config = configOf('127.0.0.1', await freePort('127.0.0.1'), folder, '');
  const zones: Record<string, string> = { 'bench.example': '' };
  for (const [at, name] of names.entries()) {
    await store.directory.addDomain(name, { at: clock.now() });
    await store.keys.create({ domain: name, algorithm: 'ed25519-sha256', at: clock.now() });
    const { records } = await recordsOf({ store, config, clock, dns }, name);
    zones[name] = at % 2 === 0 ? renderExport('zone', [{ domain: name, records: records.filter((record) => record.name.endsWith(name)) }]) : '';
  }
  const bind = await startBind('127.0.0.1', zones);
  try {
    writeFileSync(join(folder, 'key'), bind.secret, { mode: 0o600 });
    const provider = `[[dns.provider]]\ntype = "rfc2136"\nserver = "${bind.address}:${bind.port}"\nkey-name = "${bind.keyName}"\nsecret-file = "key"\n`;
    const byDns = await measure(store, clock, configOf(bind.address, bind.port, folder, ''));
    const byProvider = await measure(store, clock, configOf(bind.address, bind.port, folder, provider));
    console.log(`plan over ${DOMAINS} domains: ${byDns.seconds.toFixed(2)} s by the DNS alone (${byDns.sets} record sets), ${byProvider.seconds.toFixed(2)} s through rfc2136; target ${TARGET_SECONDS} s`);
    return Math.max(byDns.seconds, byProvider.seconds) < TARGET_SECONDS ? 0 : 1;
  } finally {
    await bind.stop();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(address: string, port: number, folder: string, more: string): ReturnType<typeof parseConfig> {
  return parseConfig(`hostname = "mail.bench.example"\ndata-dir = "${folder}"\n[listen]\nsubmissions = []\n[dns]\nservers = ["${address}:${port}"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n${more}`, join(folder, 'posthorn.toml'));
}

async function measure(store: Awaited<ReturnType<typeof openStore>>, clock: SystemClock, config: ReturnType<typeof parseConfig>): Promise<{ readonly seconds: number; readonly sets: number }> {
  const dns = createResolver({ servers: config.dns.servers, trustAd: false, clock, log: silentLog });
  const fetch = (): Promise<never> => Promise.reject(new Error('no HTTP here'));
  const publishing = createDnsPublishing({ config, clock, fetch, connector: createConnector({ clock }) });
  try {
    const begun = clock.monotonic();
    const { plan } = await planDomains({ store, config, dns, clock, log: silentLog, publishing }, { all: true });
    const unknown = plan.items.filter(({ action }) => action === 'unknown').length + plan.failed.length;
    if (unknown > 0) console.log(`${unknown} unknown: ${plan.items.find(({ action }) => action === 'unknown')?.reason ?? plan.failed[0]?.reason}`);
    const seconds = (clock.monotonic() - begun) / 1000;
    return { seconds, sets: plan.items.length };
  } finally {
    dns.close();
  }
}
