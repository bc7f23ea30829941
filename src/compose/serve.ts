/**
 * `posthorn serve`: runs a server until a signal. SIGHUP reloads configuration, certificates and log file; SIGTERM and
 * SIGINT drain within `shutdown-timeout`; a second signal ends at once (the queue on disk is complete at any moment).
 */
import { availableParallelism } from 'node:os';
import { SystemClock } from '../base/clock.ts';
import { SESSION_THREAD_LIMITS } from '../base/limits.ts';
import { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { ServeOptions } from '../face/cli/ports.ts';
import { createLogSink } from '../face/log-sink.ts';
import { verbsBeside } from '../manage/verb-groups.ts';
import { watchInstallation } from './installation.ts';
import { letSessionsGoFirst } from './sessions/precedence.ts';
import { startServer, type RunningServer } from './server.ts';

export async function serve(config: Config, options: ServeOptions): Promise<number> {
  const clock = new SystemClock();
  const sink = createLogSink(config.log);
  const log = new Log(sink.write, () => clock.now());
  warnOfSettings(config, log);
  const installation = watchInstallation();
  const count = config.smtp.threads ?? Math.min(availableParallelism(), SESSION_THREAD_LIMITS.threadsByDefaultMax);
  const sessionThreads = count === 0 ? {} : { sessionThreads: { count, writeLines: sink.writeLines } };
  const server = await startServer({ config, clock, log, installation, verbs: (name) => installation.load(`verbs of ${name.split('.')[0]}`, () => verbsBeside(name)), ...sessionThreads, accessThread: { writeLines: sink.writeLines }, inspectionThread: true });
  if (count > 0) letSessionsGoFirst();
  const onHangUp = (): void => void reload(server, options, log, () => sink.reopen());
  process.on('SIGHUP', onHangUp);
  await stopSignal();
  await server.stop();
  process.off('SIGHUP', onHangUp);
  sink.close();
  return 0;
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Settings of coming versions do nothing yet, which nobody may find out by surprise (docs/decisions/0071). */
function warnOfSettings({ warnings = [] }: Config, log: Log): void {
  for (const { file, line, key, message } of warnings) log.warn('config.warning', { file, line, key, message });
}

/** A wrong configuration or certificate leaves everything as it was. */
async function reload(server: RunningServer, options: ServeOptions, log: Log, reopenLog: () => void): Promise<void> {
  try {
    reopenLog();
    const next = options.reload();
    warnOfSettings(next, log);
    const pending = await server.reload(next);
    log.info('server.reloaded', {});
    for (const setting of pending) log.warn('server.restart-needed', { setting });
  } catch (error) {
    log.error('server.reload-failed', { error: error instanceof Error ? error.message : String(error) });
  }
}
