/**
 * npm run bench -- NAME [OPTIONS]: runs one benchmark. Each says what it lacks instead of installing anything, and puts
 * the ratio to the peer first.
 */
const BENCHES: Readonly<Record<string, { summary: string; run: (args: readonly string[]) => Promise<number> }>> = {
  relay: {
    summary: 'accept durably and relay, against Postfix, with smtp-source and smtp-sink',
    run: async (args) => (await import('./relay/relay.ts')).runRelayBench(args),
  },
  imap: {
    summary: 'what mail programs do all day with a large mailbox, against Dovecot',
    run: async (args) => (await import('./imap/imap.ts')).runImapBench(args),
  },
  crash: {
    summary: 'kill -9 under load, with full and failing disks and a jumping clock: what was acknowledged, what is lost',
    run: async (args) => (await import('./crash/crash.ts')).runCrashBench(args),
  },
  queue: {
    summary: 'a million waiting messages: memory, restart, rate of delivery; and a black hole beside the others',
    run: async (args) => (await import('./queue/queue.ts')).runQueueBench(args),
  },
  score: {
    summary: 'CPU that the mail-tester needs for a message of 100 KB',
    run: async (args) => (await import('./score.ts')).runScoreBench(args),
  },
  'dmarc-report': {
    summary: 'a DMARC report of 100,000 rows: time, memory, and how long others wait',
    run: async (args) => (await import('./dmarc-report.ts')).runDmarcReportBench(args),
  },
  spf: {
    summary: 'SPF evaluations a second from a warm cache, against mailauth',
    run: async (args) => (await import('./spf.ts')).runSpfBench(args),
  },
  'queue-admin': {
    summary: 'listings and orders over a long queue',
    run: async (args) => (await import('./queue-admin.ts')).runQueueAdminBench(args),
  },
  admin: {
    summary: 'every command on a long queue against a running server, while mail is served; mailq against postqueue',
    run: async (args) => (await import('./admin/admin.ts')).runAdminBench(args),
  },
  'dns-plan': {
    summary: 'a plan of DNS records over 500 domains against a local BIND',
    run: async () => (await import('./dns-plan.ts')).runDnsPlanBench(),
  },
};

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (!bench) {
  console.error(`usage: npm run bench -- NAME\n${Object.entries(BENCHES).map(([key, { summary }]) => `  ${key.padEnd(14)}${summary}`).join('\n')}`);
  process.exit(2);
}
process.exit(await bench.run(args));
