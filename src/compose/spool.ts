/**
 * Takes up what `sendmail` left in the spool while no server took it: through the same door as everything else, at the start
 * and whenever a file appears. A file is removed after its message is in the queue; what is refused for good is set aside
 * for a person to look at, what is refused for now stays for the next round.
 */
import { watch } from 'node:fs';
import { SPOOL_LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import type { EnvelopeRecipient, Intake, ReceivedMessage } from '../contract/message.ts';
import { prepareSpool, readSpool, spoolFolder, type SpooledMessage } from '../store/spool.ts';

export interface SpoolPorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly intake: Intake;
}

export interface SpoolWatch {
  /** Resolves when what is being taken up now is; nothing is taken up afterwards. */
  close(): Promise<void>;
}

/** Resolves when every file that is there now was offered once. */
export async function watchSpool(ports: SpoolPorts): Promise<SpoolWatch> {
  const { config, clock, log } = ports;
  await prepareSpool(config.dataDir);
  const closing = new AbortController();
  let timer: Timer | undefined;
  let round: Promise<void> | undefined;
  let again = false;
  const look = (): Promise<void> => {
    again = true;
    return (round ??= rounds().finally(() => (round = undefined)));
  };
  // One round at a time: a file in two of them would be delivered twice.
  const rounds = async (): Promise<void> => {
    while (again && !closing.signal.aborted) {
      again = false;
      await takeUpAll(ports, closing.signal);
    }
    timer?.cancel();
    if (!closing.signal.aborted) timer = clock.timer(SPOOL_LIMITS.rereadMs, () => void look());
  };
  // Watching before the first round, so that no file falls in between. Where it is not possible, the timer has to do.
  const watcher = openWatcher(spoolFolder(config.dataDir), () => void look(), log);
  await look();
  return {
    close: async () => {
      closing.abort();
      watcher?.close();
      timer?.cancel();
      await round;
    },
  };
}

/** Undefined when the system has no watches left (inotify has a limit for each user). */
function openWatcher(folder: string, changed: () => void, log: Log): { close(): void } | undefined {
  const missing = (error: unknown): void => log.warn('spool.not-watched', { folder, error: String(error), rereadMs: SPOOL_LIMITS.rereadMs });
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      // Only whole files carry this name; our own unlinking ends in a round that finds nothing.
      if (name === null || name.endsWith('.mail')) changed();
    });
    watcher.on('error', missing);
    return watcher;
  } catch (error) {
    missing(error);
    return undefined;
  }
}

/** Never rejects: mail that is kept must not keep the server from running. */
async function takeUpAll(ports: SpoolPorts, stopping: AbortSignal): Promise<void> {
  const { config, log } = ports;
  try {
    for await (const file of readSpool(config.dataDir, { contentBytesMax: config.smtp.maxMessageSize })) {
      if (stopping.aborted) return;
      if (file.kind === 'damaged') log.warn('spool.damaged', { path: file.path, reason: file.reason });
      else await takeUp(ports, file);
    }
  } catch (error) {
    log.error('spool.unreadable', { folder: spoolFolder(config.dataDir), error: String(error) });
  }
}

async function takeUp({ clock, config, directory, intake, log }: SpoolPorts, file: SpooledMessage): Promise<void> {
  const { envelope } = file;
  const message: ReceivedMessage = {
    id: createQueueId(clock.now()),
    receivedAt: clock.now(),
    startedAt: clock.now(),
    envelope: {
      sender: envelope.sender,
      recipients: await expand(directory, envelope),
      body: envelope.body,
      smtpUtf8: envelope.smtpUtf8,
      requireTls: false,
      ...(envelope.returnContent ? { returnContent: envelope.returnContent } : {}),
      ...(envelope.envelopeId === undefined ? {} : { envelopeId: envelope.envelopeId }),
      ...(envelope.verp === undefined ? {} : { verp: envelope.verp }),
    },
    origin: { kind: 'local', protocol: 'ESMTP', helo: config.hostname, listener: 'spool' },
    content: file.content,
  };
  const result = await intake.submit(message);
  if (result.kind === 'queued') {
    await file.remove();
    log.info('spool.taken-up', { id: result.id, path: file.path });
  } else if (result.reply.code < 500) {
    log.warn('spool.deferred', { path: file.path, code: result.reply.code, text: result.reply.text });
  } else {
    log.error('spool.refused', { path: await file.setAside(), code: result.reply.code, text: result.reply.text });
  }
}

/** Aliases as at RCPT; an unknown address of ours stays and is bounced by the router, so that its sender hears of it. */
async function expand(directory: Directory, envelope: SpooledMessage['envelope']): Promise<EnvelopeRecipient[]> {
  const found = new Map<string, EnvelopeRecipient>();
  const notify = envelope.notify ? { notify: envelope.notify } : {};
  for (const address of envelope.recipients) {
    const resolution = await directory.resolve(address);
    const targets = resolution.kind === 'alias' ? resolution.targets : [address];
    for (const target of targets) {
      const original = target === address ? {} : { originalRecipient: `rfc822;${address}`, via: address };
      if (!found.has(target)) found.set(target, { address: target, ...original, ...notify });
    }
  }
  return [...found.values()];
}
