/**
 * Second factors: one-time codes (TOTP) and recovery codes, for the web log-in, and for whoever sets them up.
 *
 * Policy: it is on once a first code has shown that the app has the secret; then the recovery codes are shown, once. A code
 * is good one time (RFC 6238 §5.2). Wrong codes are counted per account wherever they come from, and sooner delayed than
 * wrong passwords, since there are only a million of them; who gets to give one has the password, so that nobody else can
 * keep the owner waiting.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { ACCOUNT_LIMITS } from '../base/account-limits.ts';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { addressKey } from '../mail/address.ts';
import { makePassword } from '../store/password.ts';
import type { StoreClients } from '../store/store-clients.ts';
import { LoginThrottle } from './login-throttle.ts';
import { seal, unseal } from './sealing.ts';
import { base32, findTotpStep, TOTP_SECRET_BYTES, totpUri } from './totp.ts';

export interface SecondFactorStatus {
  readonly state: 'off' | 'waiting' | 'on';
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly recoveryCodesLeft: number;
}

export type CodeResult = 'ok' | 'wrong' | 'used' | 'throttled' | 'off';

export interface SecondFactors {
  status(account: string): Promise<SecondFactorStatus>;
  /** Makes a secret that waits for its first code. Rejects with Failure `totp-on`, `account-unknown`, `account-shared`. */
  enable(account: string): Promise<{ readonly secret: string; readonly uri: string }>;
  /** Switches it on. Rejects with Failure `totp-not-begun`, `totp-code-wrong`. */
  confirm(account: string, code: string): Promise<{ readonly recoveryCodes: readonly string[] }>;
  /** False when it was off. */
  disable(account: string): Promise<boolean>;
  /** A code of the app, or a recovery code, which is used up by it. */
  check(account: string, code: string, clientAddress: string): Promise<CodeResult>;
}

export interface SecondFactorOptions {
  readonly store: Pick<StoreClients, 'directory' | 'logins' | 'dataDir'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What an app shows beside the account. */
  readonly issuer: string;
}

export function createSecondFactors({ store, clock, log, issuer }: SecondFactorOptions): SecondFactors {
  const { secondFactors } = store.logins;
  const throttle = new LoginThrottle(clock, ACCOUNT_LIMITS.totpFailuresBeforeThrottle, 'account');
  const digestOf = async (account: string, code: string): Promise<Buffer> =>
    createHmac('sha256', await store.directory.secret('recovery-codes')).update(`${account}\0${code.toLowerCase().replaceAll(/[\s-]/g, '')}`).digest();

  const judge = async (account: string, code: string): Promise<CodeResult> => {
    const row = await secondFactors.get(account);
    if (!row || row.confirmedAt === null) return 'off';
    const step = findTotpStep(await unseal(store.dataDir, account, row.sealedSecret), code, clock.now());
    if (step !== undefined) return (await secondFactors.useStep(account, step)) ? 'ok' : 'used';
    if (!(await secondFactors.useRecoveryCode(account, await digestOf(account, code), clock.now()))) return 'wrong';
    log.warn('account.recovery-code-used', { account, left: row.recoveryCodesLeft - 1 });
    return 'ok';
  };

  return {
    status: async (account) => {
      const row = await secondFactors.get(account);
      if (!row) return { state: 'off', recoveryCodesLeft: 0 };
      return row.confirmedAt === null ? { state: 'waiting', recoveryCodesLeft: 0 } : { state: 'on', since: row.confirmedAt, recoveryCodesLeft: row.recoveryCodesLeft };
    },
    enable: async (account) => {
      const key = addressKey(account);
      const secret = randomBytes(TOTP_SECRET_BYTES);
      await secondFactors.begin(key, await seal(store.dataDir, key, secret), clock.now());
      return { secret: base32(secret), uri: totpUri(key, issuer, secret) };
    },
    confirm: async (account, code) => {
      const key = addressKey(account);
      const row = await secondFactors.get(key);
      if (!row || row.confirmedAt !== null) throw new Failure('totp-not-begun', `${key} has no secret that waits for its first code: posthorn account totp enable ${key} makes one`, { temporary: false });
      const step = findTotpStep(await unseal(store.dataDir, key, row.sealedSecret), code, clock.now());
      if (step === undefined) throw new Failure('totp-code-wrong', 'that is not the code of now: check the time of the device, and give the next one', { temporary: false });
      const recoveryCodes = Array.from({ length: ACCOUNT_LIMITS.recoveryCodes }, () => makePassword().slice(0, RECOVERY_CODE_CHARS));
      await secondFactors.confirm(key, { step, recoveryDigests: await Promise.all(recoveryCodes.map((one) => digestOf(key, one))), at: clock.now() });
      return { recoveryCodes };
    },
    disable: (account) => secondFactors.remove(account),
    check: async (account, code, clientAddress) => {
      const key = addressKey(account);
      const attempt = await throttle.begin(key, clientAddress);
      if (!attempt.allowed) return 'throttled';
      try {
        const result = await judge(key, code);
        if (result === 'ok') attempt.succeeded();
        else if (result === 'wrong') attempt.failed();
        else attempt.abandoned();
        return result;
      } catch (error) {
        attempt.abandoned();
        throw error;
      }
    },
  };
}

/** Two groups and the dash between: 49 bits, behind a throttle. */
const RECOVERY_CODE_CHARS = 11;
