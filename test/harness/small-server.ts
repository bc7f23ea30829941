/** A whole server in this process with a few accounts, for journeys of mail that stays here. Its clients are trusted by their address. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { eventually } from './lab-process.ts';
import { SmtpDialogue } from './smtp-dialogue.ts';

export const DOMAIN = 'serve.example';

export interface SmallServerOptions {
  /** Local parts. Default ann and ben. */
  readonly accounts?: readonly string[];
  /** Beside serve.example. */
  readonly domains?: readonly string[];
  /** TOML after the listeners; further keys of [listen] go into `listen`. */
  readonly settings?: string;
  readonly listen?: readonly string[];
  readonly clock?: Clock;
  /** As `posthorn serve` has it. Default false. */
  readonly inspectionThread?: boolean;
}

export interface SmallServer {
  readonly server: RunningServer;
  readonly dir: string;
  /** Path of the LMTP socket. */
  readonly socket: string;
  readonly lmtpPort: number;
  readonly smtpPort: number;
  call<T>(verb: string, args: unknown): Promise<T>;
  /** What a folder holds, oldest first; [] when there is none. */
  folder(account: string, folder?: string): Promise<readonly StoredMessage[]>;
  /** As `folder`, when it holds so many. */
  holds(count: number, account: string, folder?: string): Promise<readonly StoredMessage[]>;
  stop(): Promise<void>;
}

export interface StoredMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly content: string;
}

export async function startSmallServer(options: SmallServerOptions = {}): Promise<SmallServer> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-small-'));
  const socket = join(dir, 'lmtp.sock');
  const file = join(dir, 'posthorn.toml');
  const lines = [
    `hostname = "mail.${DOMAIN}"`, 'data-dir = "data"', '[dns]', 'servers = ["127.0.0.1:9"]',
    '[listen]', 'smtp = ["127.0.0.1:0"]', `lmtp = ["127.0.0.1:0", "${socket}"]`, ...(options.listen ?? []), options.settings ?? '',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const server = await startServer({ config: loadConfig(file), clock: options.clock ?? new SystemClock(), log: silentLog, verbs, inspectionThread: options.inspectionThread ?? false });
  const call = async <T>(verb: string, args: unknown): Promise<T> => {
    const outcome = await runVerb(verbs, server.context, verb, args);
    return outcome.kind === 'done' ? (outcome.result as T) : assert.fail(JSON.stringify(outcome));
  };
  const folder = async (account: string, name = 'INBOX'): Promise<readonly StoredMessage[]> => {
    const where = { account: address(account), folder: name };
    const outcome = await runVerb(verbs, server.context, 'mailbox.messages', where);
    if (outcome.kind !== 'done') return [];
    const { messages } = outcome.result as { messages: { uid: number; flags: string[] }[] };
    return Promise.all(messages.map(async ({ uid, flags }) => {
      const { content } = await call<{ content: string }>('mailbox.read', { ...where, uid });
      return { uid, flags, content: Buffer.from(content, 'base64').toString() };
    }));
  };
  for (const domain of [DOMAIN, ...(options.domains ?? [])]) await call('domain.add', { domain });
  for (const name of options.accounts ?? ['ann', 'ben']) await call('account.add', { address: address(name), password: `secret of ${name}` });
  return {
    server, dir, socket, call, folder,
    lmtpPort: server.addresses.lmtp[0]?.port as number,
    smtpPort: server.addresses.smtp[0]?.port as number,
    holds: (count, account, name) => eventually(`${count} in ${name ?? 'INBOX'} of ${account}`, async () => {
      const found = await folder(account, name);
      return found.length >= count ? found : undefined;
    }),
    stop: async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function address(name: string): string {
  return name.includes('@') ? name : `${name}@${DOMAIN}`;
}

/** Hands a message over by LMTP; the replies to its content, one for each recipient. */
export async function handOver(port: number, mail: { readonly from: string; readonly to: readonly string[]; readonly content: string }): Promise<readonly string[]> {
  const session = await SmtpDialogue.open('127.0.0.1', port);
  try {
    await session.reply();
    await session.say('LHLO front.example');
    assert.match(await session.say(`MAIL FROM:<${mail.from}>`), /^250/);
    const taken = [];
    for (const to of mail.to) taken.push(await session.say(`RCPT TO:<${address(to)}>`));
    assert.match(await session.say('DATA'), /^354/);
    session.write(`${mail.content.replace(/^\./gm, '..')}\r\n.\r\n`);
    const replies = [];
    for (const reply of taken) if (reply.startsWith('250')) replies.push(await session.reply());
    return replies;
  } finally {
    session.close();
  }
}
