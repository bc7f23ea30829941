/**
 * The program: hands the parts to the command line and ends with its exit status. Together with compose/ this is the
 * composition root, which sees everything and which nothing imports.
 *
 * Policy: a command loads only what it needs, so that cron's sendmail does not wait for a mail server to be parsed.
 */
import { readFileSync } from 'node:fs';
import { SystemClock } from './base/clock.ts';
import { silentLog } from './base/log.ts';
import type { Config, HostPort } from './config/config.ts';
import type { HttpsFetch } from './contract/https-fetch.ts';
import { runCli } from './face/cli/main-entry.ts';
import type { CliPorts } from './face/cli/ports.ts';
import type { DnsPublishing } from './manage/dns/dns-publishing.ts';
import type { Resolver } from './net/resolver.ts';

const clock = new SystemClock();

async function createDns(servers: readonly HostPort[], trustAd = true): Promise<Resolver> {
  const { createResolver } = await import('./net/resolver.ts');
  return createResolver({ servers, trustAd, clock, log: silentLog });
}

const ports: CliPorts = {
  serve: async (config, options) => (await import('./compose/serve.ts')).serve(config, options),
  lab: async (options) => (await import('./compose/lab.ts')).runLab(options),
  prober: async (options, ready) => {
    const [{ startProber }, { stopSignal }] = await Promise.all([import('./compose/prober.ts'), import('./compose/serve.ts')]);
    const running = await startProber(options, { clock, log: silentLog });
    const stopped = stopSignal();
    ready(running.url);
    await stopped;
    await running.close();
    return 0;
  },
  simulate: async (options) => (await import('./compose/simulation/simulate.ts')).simulate(options),
  openContext: async (config: Config) => {
    const { openStore } = await import('./store/store.ts');
    const store = await openStore(config.dataDir, { clock });
    const dns = await createDns(config.dns.servers, config.dns.trustAd);
    const close = async (): Promise<void> => {
      dns.close();
      await store.close();
    };
    const fetch: HttpsFetch = async (request) => {
      const [{ createPolicyFetch }, { createConnector }] = await Promise.all([import('./compose/outbound-tls.ts'), import('./net/connector.ts')]);
      return createPolicyFetch({ config, clock, dns, connector: createConnector({ clock }) })(request);
    };
    const openPublishing = async (): Promise<DnsPublishing> => {
      const [{ createDnsPublishing }, { createConnector }] = await Promise.all([import('./compose/dns-publishing.ts'), import('./net/connector.ts')]);
      return createDnsPublishing({ config, clock, fetch, connector: createConnector({ clock }) });
    };
    const publishing: DnsPublishing = {
      providers: async () => (await openPublishing()).providers(),
      ask: async (...asked) => (await openPublishing()).ask(...asked),
    };
    return { store, config, dns, clock, log: silentLog, fetch, publishing, close };
  },
  loadVerbs: async () => (await import('./manage/verbs.ts')).verbs,
  createDns: async (servers) => {
    const { impatientDns } = await import('./verify/impatient-dns.ts');
    const dns = await createDns(servers);
    const impatient = impatientDns(dns, clock);
    return {
      query: impatient.query,
      close() {
        impatient.close();
        dns.close();
      },
    };
  },
  createDoctorNetwork: async (config, servers, dns) => (await import('./compose/doctor-network.ts')).createDoctorNetwork({ config, servers, dns, clock }),
  loadHost: async () => {
    const [{ createCertificate }, { probeListen }] = await Promise.all([import('./net/self-signed.ts'), import('./net/port-probe.ts')]);
    return { createCertificate, probeListen };
  },
  get version() {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
    return version;
  },
};

process.exitCode = await runCli(process.argv.slice(2), ports);
