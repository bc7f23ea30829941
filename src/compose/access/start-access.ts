/** Starts the users' side of a server where it belongs: in a thread of its own, or in this one. */
import type { Config } from '../../config/config.ts';
import type { Login } from '../../contract/directory.ts';
import { startAccessThread, type AccessKeeper, type AccessKeeperOptions } from './access-keeper.ts';
import { wantedAddresses, wantsAccess, type AccessAddresses } from './access-addresses.ts';

export interface StartAccessOptions extends Omit<AccessKeeperOptions, 'writeLines'> {
  /** In a thread of its own, whose log lines this takes; default: in this one. */
  readonly writeLines?: (lines: string) => void;
  readonly login: Login;
}

export interface RunningAccess {
  readonly addresses: AccessAddresses;
  /** Takes a new configuration (the live one has it already) and certificate into use. */
  reload(next: Config): Promise<void>;
  /** Lets commands finish within `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
  /** Absent when it runs in this thread. */
  readonly thread?: AccessKeeper;
}

/** Undefined when nothing of it is configured. Rejects when an address is not free or the certificate cannot be used. */
export async function startAccess(options: StartAccessOptions): Promise<RunningAccess | undefined> {
  const { config, writeLines } = options;
  if (!wantsAccess(config)) return undefined;
  if (writeLines) {
    const thread = await startAccessThread({ ...options, writeLines });
    return { addresses: thread.addresses, reload: (next) => thread.reload(next), close: (drainMs) => thread.close(drainMs), thread };
  }
  // Loaded only where it runs: it is a fifth of the program.
  const { createAccess } = await import('./access.ts');
  const access = await createAccess(options);
  try {
    return { addresses: await access.listen(wantedAddresses(config)), reload: (next) => access.loadCertificate(next), close: (drainMs) => access.close(drainMs) };
  } catch (error) {
    await access.close(0);
    throw error;
  }
}
