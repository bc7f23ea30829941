/**
 * Ends sessions whose way in was closed after they began: the account was disabled, its password changed, the app
 * password removed. A mail program with IDLE stays for days, and a thief with it.
 *
 * Policy: every few seconds each session is held against the version of the accounts that it was last found good at; only
 * when something changed is anybody asked, for many sessions at once. While that cannot be answered they stay, and are
 * asked about again.
 */
import { ACCESS_LIMITS } from '../../base/access-limits.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Login, LoginStanding } from '../../contract/directory.ts';
import type { AccessService } from './protocol.ts';

export interface StandingPorts {
  /** Of the accounts; grows with every change of one. */
  readonly accountsVersion: () => number;
  readonly withdrawn: Login['withdrawn'];
}

export interface StandingSubject {
  readonly account: string | undefined;
  readonly service: AccessService;
  /** Undefined: not logged in, or nothing that could be withdrawn. */
  standing: LoginStanding | undefined;
  sayFarewell(reason: 'withdrawn'): void;
}

export class StandingWatch {
  readonly #ports: StandingPorts & { readonly clock: Clock; readonly log: Log };
  readonly #sessions: Iterable<StandingSubject>;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(ports: StandingPorts & { readonly clock: Clock; readonly log: Log }, sessions: Iterable<StandingSubject>) {
    this.#ports = ports;
    this.#sessions = sessions;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#ports.clock.timer(ACCESS_LIMITS.standingCheckMs, () => {
      this.#look()
        .catch((error: unknown) => this.#ports.log.warn('access.standing-not-checked', { error: String(error) }))
        .finally(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const version = this.#ports.accountsVersion();
    const due: Due[] = [];
    for (const session of this.#sessions) {
      const { account, standing } = session;
      if (account !== undefined && standing !== undefined && standing.version !== version) due.push({ session, account, standing });
    }
    for (let from = 0; from < due.length; from += ACCESS_LIMITS.standingsAtOnce) await this.#ask(due.slice(from, from + ACCESS_LIMITS.standingsAtOnce), version);
  }

  async #ask(due: readonly Due[], version: number): Promise<void> {
    const withdrawn = await this.#ports.withdrawn(due.map(({ session: { service }, account, standing: { stamp } }) => ({ account, service, stamp })));
    due.forEach(({ session, account, standing }, i) => {
      // It may have logged in anew meanwhile (UNAUTHENTICATE).
      if (session.standing !== standing) return;
      session.standing = { ...standing, version };
      if (!withdrawn[i]) return;
      this.#ports.log.info('access.session-withdrawn', { service: session.service, account });
      session.sayFarewell('withdrawn');
    });
  }
}

interface Due {
  readonly session: StandingSubject;
  readonly account: string;
  readonly standing: LoginStanding;
}
