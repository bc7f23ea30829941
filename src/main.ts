/**
 * The program: hands the parts to the command line and ends with its exit status. Together with compose/ this is the
 * composition root, which sees everything and which nothing imports.
 */
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { SystemClock } from './base/clock.ts';
import { silentLog } from './base/log.ts';
import type { Config, HostPort } from './config/config.ts';
import { runCli } from './face/cli/main-entry.ts';
import type { CliPorts } from './face/cli/ports.ts';
import { verbs } from './manage/verbs.ts';
import { probeListen } from './net/port-probe.ts';
import { createCertificate } from './net/self-signed.ts';
import { createResolver, type Resolver } from './net/resolver.ts';

// Stripping types costs most of the start; the cache makes the second one quick.
enableCompileCache();

const clock = new SystemClock();

function createDns(servers: readonly HostPort[]): Resolver {
  return createResolver({ servers, trustAd: true, clock, log: silentLog });
}

const ports: CliPorts = {
  serve: async (config, options) => (await import('./compose/serve.ts')).serve(config, options),
  lab: async (options) => (await import('./compose/lab.ts')).runLab(options),
  openContext: async (config: Config) => {
    const { openStore } = await import('./store/store.ts');
    const store = await openStore(config.dataDir, { clock });
    const dns = createDns(config.dns.servers);
    const close = async (): Promise<void> => {
      dns.close();
      await store.close();
    };
    return { store, config, dns, clock, log: silentLog, close };
  },
  verbs,
  createDns,
  host: {
    createCertificate,
    probeListen,
  },
  get version() {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
    return version;
  },
};

process.exitCode = await runCli(process.argv.slice(2), ports);
