/** Who users are, in the main thread: the log-in that all doors ask, and its service for other programs. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { createAuthService } from '../login/auth-service/auth-service.ts';
import { createLogin, type RunningLogin } from '../login/login.ts';
import type { Store } from '../store/store.ts';

export interface UsersPorts {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
}

/** Rejects when an address of `listen.auth` is not free. */
export async function startUsers({ config, clock, log, store }: UsersPorts): Promise<{ readonly login: RunningLogin; close(): Promise<void> }> {
  const login = createLogin({ store, clock, log, config });
  const service = createAuthService({ login, log });
  const close = async (): Promise<void> => {
    await service.close();
    await login.close();
  };
  try {
    await service.listen(config.listen.auth ?? []);
  } catch (error) {
    await close();
    throw error;
  }
  return { login, close };
}
