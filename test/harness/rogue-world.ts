/**
 * A whole server among providers with rules of their own: each is the only MX of its domain, on an address of its own;
 * names come from a zone, and the clock is moved by the test.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { parseConfig } from '../../src/config/load.ts';
import { startDnsServer, type DnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import type { LaneView } from '../../src/contract/shaping-control.ts';
import type { IpList } from '../../src/manage/addresses/ip.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import type { QueueExplanation } from '../../src/manage/queue/queue.ts';
import type { TraceMessage, TraceResult } from '../../src/manage/trace/trace-result.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { createNetworkSet } from '../../src/net/cidr.ts';
import { freePort } from './serve-process.ts';
import { RogueProvider, type RogueRules } from './rogue-provider.ts';
import { SmtpDialogue } from './smtp-dialogue.ts';

/** Domains whose mail we sign. */
export const OWN_DOMAINS = ['shop.test', 'club.test'] as const;
export const SOURCE = '127.21.0.9';

export interface RogueWorld {
  readonly clock: AdjustableClock;
  readonly server: RunningServer;
  readonly providers: Readonly<Record<string, RogueProvider>>;
  send(letter: { readonly from?: string; readonly to: string | readonly string[]; readonly subject?: string; readonly body?: string; readonly header?: readonly string[] }): Promise<string>;
  call<T>(verb: string, args?: unknown): Promise<T>;
  why(id: string): Promise<readonly QueueExplanation[]>;
  trace(id: string): Promise<TraceMessage>;
  lanes(site: string): Promise<readonly LaneView[]>;
  /** Moves the clock in steps; what is under way ends before the next one. */
  passTime(ms: number, stepMs?: number): Promise<void>;
  /** Until nothing is being delivered or can be. */
  quiet(): Promise<void>;
  /** The server ends, and another begins on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Rules by the name of the provider: `slow` is MX of `slow.test`. Addresses are under 127.21.2. */
export async function startRogueWorld(rules: Readonly<Record<string, RogueRules>>, more = ''): Promise<RogueWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-rogue-'));
  const clock = new AdjustableClock();
  const outPort = await freePort();
  const inPort = await freePort();
  const providers: Record<string, RogueProvider> = {};
  const zones = new Zones();
  for (const [at, [name, provided]] of Object.entries(rules).entries()) {
    providers[name] = new RogueProvider(clock, provided);
    await providers[name].listen(`127.21.2.${at + 1}`, outPort);
  }
  zones.load([
    ...Object.keys(rules).map((name, at) => ({
      apex: `${name}.test`,
      records: [{ name: `${name}.test`, type: 'MX', value: `10 mx.${name}.test` }, { name: `mx.${name}.test`, type: 'A', value: `127.21.2.${at + 1}` }],
    })),
    ...OWN_DOMAINS.map((name) => ({ apex: name, records: [{ name, type: 'TXT', value: 'v=spf1 ip4:127.21.0.0/16 -all' }] })),
  ]);
  const dns: DnsServer = await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock, log: silentLog, fault: () => 'none' });
  const toml = `hostname = "mail.shop.test"\ndata-dir = "${join(folder, 'data')}"\n[listen]\nsmtp = ["127.0.0.1:${inPort}"]\n[networks]\ntrusted = ["127.0.0.1/32"]\n`
    + `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n[outbound]\nport = ${outPort}\nprotocols = ["ipv4"]\n[[outbound.ip]]\naddress = "${SOURCE}"\n${more}`;
  const start = (): Promise<RunningServer> => startServer({ config: parseConfig(toml, join(folder, 'posthorn.toml')), clock, log: silentLog, verbs, connectAllowed: createNetworkSet(['127.0.0.0/8']).has });
  let server = await start();
  const call = async <T>(verb: string, args: unknown = {}): Promise<T> => {
    const outcome = await runVerb(verbs, server.context, verb, args);
    if (outcome.kind === 'error') throw new Error(`${verb}: ${outcome.error.message}`);
    return outcome.result as T;
  };
  for (const domain of OWN_DOMAINS) await call('account.add', { address: `me@${domain}`, password: 'correct horse battery', createDomain: true });
  const world: RogueWorld = {
    clock, providers, call,
    get server() {
      return server;
    },
    restart: async () => {
      await server.stop();
      server = await start();
    },
    send: (letter) => sendLetter(inPort, letter),
    why: (id) => call('queue.why', { ids: [id] }),
    trace: async (id) => (await call<TraceResult>('trace.show', { query: id })).messages[0] as TraceMessage,
    lanes: async (site) => (await call<IpList>('ip.list')).ips.flatMap(({ lanes }) => lanes).filter(({ key }) => key.site === site),
    quiet: () => quiet(server),
    passTime: async (ms, stepMs = 5_000) => {
      for (let left = ms; left > 0; left -= stepMs) {
        await clock.pass(Math.min(stepMs, left));
        await quiet(server);
      }
    },
    close: async () => {
      await server.stop();
      await Promise.all(Object.values(providers).map((provider) => provider.close()));
      await dns.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** What a test of one odd provider, the only MX of odd.test, starts from. */
export interface Meeting {
  readonly world: RogueWorld;
  readonly odd: RogueProvider;
  /** Everybody written to there, sorted. */
  readonly to: readonly string[];
  /** Of the messages to them, as they were sent. */
  readonly ids: readonly string[];
  /** Our address at the provider, or our domain from it. */
  lane(domain?: string): Promise<LaneView | undefined>;
  whyOf(at: number): Promise<QueueExplanation>;
  suppressed(): Promise<readonly string[]>;
  /** What the administrator was told of refusals. */
  notices(): readonly string[];
}

/** One provider with these rules, another that takes everything, and this much mail for the first and one for the other. */
export async function meetOddProvider(rules: RogueRules, messages: number, from: (at: number) => string = () => 'me@shop.test'): Promise<Meeting> {
  const world = await startRogueWorld({ odd: rules, fine: {} }, '[queue]\nnotify = "boss@fine.test"\n');
  const to = Array.from({ length: messages }, (_, at) => `friend${at}@odd.test`);
  const ids: string[] = [];
  for (const [at, address] of to.entries()) ids.push(await world.send({ from: from(at), to: address }));
  await world.send({ to: 'friend@fine.test' });
  await world.quiet();
  const fine = world.providers['fine'] as RogueProvider;
  assert.ok(fine.recipients.includes('friend@fine.test'), 'the other provider is not delayed');
  return {
    world,
    odd: world.providers['odd'] as RogueProvider,
    to: to.toSorted(),
    ids,
    lane: async (domain = '') => (await world.lanes('mx.odd.test')).find(({ key }) => key.dkimDomain === domain),
    whyOf: async (at) => (await world.why(ids[at] as string))[0] as QueueExplanation,
    suppressed: async () => (await world.call<{ suppressions: readonly { address: string }[] }>('suppression.list')).suppressions.map(({ address }) => address).sort(),
    notices: () => fine.messages.map(({ content }) => content).filter((content) => /^Subject: Mail to \S+ is refused/m.test(content)),
  };
}

/** `meetOddProvider` for the tests of a file, each of which ends its own. */
export function meetings(): typeof meetOddProvider {
  let world: RogueWorld | undefined;
  afterEach(async () => {
    await world?.close();
    world = undefined;
  });
  return async (...args) => {
    const met = await meetOddProvider(...args);
    world = met.world;
    return met;
  };
}

type Letter = Parameters<RogueWorld['send']>[0];

async function sendLetter(port: number, { from = 'me@shop.test', to, subject = 'hello', body = 'Hello.', header = [] }: Letter): Promise<string> {
  const session = await SmtpDialogue.open('127.0.0.1', port);
  await session.reply();
  await session.say('EHLO desk.shop.test');
  await session.say(`MAIL FROM:<${from}>`);
  for (const address of [to].flat()) await session.say(`RCPT TO:<${address}>`);
  await session.say('DATA');
  const lines = [`From: <${from}>`, `To: <${[to].flat()[0]}>`, `Subject: ${subject}`, ...header, '', body, '.'];
  const reply = await session.say(lines.join('\r\n'));
  session.close();
  const id = /queued as (\w+)/.exec(reply)?.[1];
  if (id === undefined) throw new Error(reply);
  return id;
}

const QUIET_LOOK_MS = 3;
/** Real time. */
const QUIET_PATIENCE_MS = 60_000;

/**
 * Until each recipient that waits is waiting for a time to come or for the shaper: none is being looked up, delivered or
 * written down. Deliveries take real sockets, so this is the one place that looks at them again and again.
 */
async function quiet({ context: { queue, store } }: RunningServer): Promise<void> {
  const standing = async (): Promise<readonly string[]> => {
    const phases: string[] = [];
    for await (const { ids, positions } of store.queue.dueRows()) {
      ids.forEach((id, at) => phases.push(queue?.explainWait?.(id, positions[at] as number)?.phase ?? 'being written down'));
    }
    return phases.filter((phase) => phase !== 'scheduled' && phase !== 'shaped');
  };
  for (const until = performance.now() + QUIET_PATIENCE_MS; ;) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_LOOK_MS));
    if ((queue?.size.inFlight ?? 0) > 0) continue;
    const busy = await standing();
    if (busy.length === 0 && queue?.size.inFlight === 0) return;
    if (performance.now() > until) throw new Error(`not quiet within ${QUIET_PATIENCE_MS / 1000} s: ${[...new Set(busy)].join(', ')}`);
  }
}
