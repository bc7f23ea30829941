/**
 * For tests of IMAP: the server's own parts (store, log-in, frame, IMAP) with accounts alice, bob and carol, on real sockets.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createAccessFrame } from '../../src/access/connection/listener.ts';
import { StructureTexts } from '../../src/access/imap/fetch/structure-texts.ts';
import { ThreadMails } from '../../src/access/imap/search/thread-mails.ts';
import { createImap } from '../../src/access/imap/imap-protocol.ts';
import type { ImapPorts } from '../../src/access/imap/command.ts';
import { LiveFolders } from '../../src/access/mailbox/live-folders.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import type { LogEntry } from '../../src/base/log.ts';
import { createLogin } from '../../src/login/login.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import type { CertificateAndKey } from '../../src/net/self-signed.ts';
import { derivePassword, type PasswordCredentials } from '../../src/store/password.ts';
import { openStore, type OwnStore } from '../../src/store/store.ts';
import { ImapDialogue } from './imap-dialogue.ts';

export const HOST = 'mail.example.org';
export const PASSWORD = 'wonderland';
export const ACCOUNTS = ['alice@example.org', 'bob@example.org', 'carol@example.org'];

export interface ImapKit {
  readonly store: OwnStore;
  readonly clock: AdjustableClock;
  readonly log: LogEntry[];
  /** Plain with STARTTLS, and TLS at once; the address is in a trusted network unless `trusted` says otherwise. */
  readonly port: number;
  readonly securePort: number;
  /** The certificate, PEM. */
  readonly ca: string;
  /** Connected; the greeting is still to be read. */
  open(): Promise<ImapDialogue>;
  openSecure(): Promise<ImapDialogue>;
  /** Logged in; default alice. */
  client(user?: string): Promise<ImapDialogue>;
}

export interface ImapKitOptions {
  readonly trusted?: readonly string[];
  readonly withoutTls?: boolean;
  readonly messageBytesMax?: number;
}

let certificate: CertificateAndKey | undefined;
let credentials: Promise<PasswordCredentials> | undefined;

/** Starts a server, runs the test, stops the server and removes its folder. */
export async function withImap(options: ImapKitOptions, test: (kit: ImapKit) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'posthorn-imap-'));
  const clock = new AdjustableClock();
  const log: LogEntry[] = [];
  const sink = new Log((entry) => log.push(entry));
  certificate ??= createCertificate({ subject: HOST, altNames: [HOST, 'localhost'] });
  const secureContext = createSecureContext({ cert: certificate.certificatePem, key: certificate.keyPem });
  const store = await openStore(join(dir, 'data'), { clock });
  const login = createLogin({ store, clock, log: sink });
  await addAccounts(store, clock);
  const liveFolders = new LiveFolders({ messages: store.mailbox.messages, feed: store.mailbox.feed, clock });
  const frame = await createAccessFrame({
    config: { networks: { trusted: [...(options.trusted ?? ['127.0.0.0/8'])], cleartextLogin: [], proxies: [] } },
    clock,
    log: sink,
    secureContext: () => (options.withoutTls ? undefined : secureContext),
    uploadsDir: join(dir, 'uploads'),
  });
  const ports: ImapPorts = {
    mailboxes: store.mailbox,
    liveFolders,
    structures: new StructureTexts(),
    threadMails: new ThreadMails(),
    login,
    clock,
    log: sink,
    hostname: HOST,
    messageBytesMax: options.messageBytesMax ?? 10_000_000,
  };
  const imap = createImap(ports);
  const where = [{ address: '127.33.0.1', port: 0 }];
  const [plain] = await frame.listen(imap, where, 'on-request');
  const [secure] = await frame.listen(imap, where, 'at-once');
  const { port } = plain as { port: number };
  const { port: securePort } = secure as { port: number };
  const dialogues: ImapDialogue[] = [];
  const keep = async (opening: Promise<ImapDialogue>): Promise<ImapDialogue> => {
    const dialogue = await opening;
    dialogues.push(dialogue);
    return dialogue;
  };
  const open = (): Promise<ImapDialogue> => keep(ImapDialogue.open('127.33.0.1', port));
  const { certificatePem: ca } = certificate;
  try {
    await test({
      store,
      clock,
      log,
      port,
      securePort,
      ca,
      open,
      openSecure: () => keep(ImapDialogue.open('127.33.0.1', securePort, { ca, servername: HOST })),
      client: async (user = 'alice@example.org') => {
        const dialogue = await open();
        await dialogue.line();
        const result = await dialogue.result(`LOGIN ${user} ${PASSWORD}`);
        if (!result.startsWith('OK')) throw new Error(`LOGIN: ${result}`);
        return dialogue;
      },
    });
  } finally {
    for (const dialogue of dialogues) dialogue.close();
    await frame.close(1000);
    liveFolders.close();
    await login.close();
    await store.close();
    await rm(dir, { recursive: true, force: true });
  }
}


async function addAccounts(store: OwnStore, clock: AdjustableClock): Promise<void> {
  credentials ??= derivePassword(PASSWORD);
  await store.directory.addDomain('example.org', { at: clock.now() });
  for (const address of ACCOUNTS) await store.directory.addAccount(address, await credentials, clock.now());
}
