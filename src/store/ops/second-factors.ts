/** Rows of second factors: a sealed secret, the last time step used, and digests of recovery codes. */
import { Failure } from '../../base/errors.ts';
import type { Database } from '../database.ts';

export interface SecondFactorRow {
  readonly sealedSecret: Uint8Array;
  /** Milliseconds since 1970; null until a first code has shown that the secret arrived. */
  readonly confirmedAt: number | null;
  /** RFC 6238 time step of the last code taken. */
  readonly lastStep: number;
  readonly recoveryCodesLeft: number;
}

function requireAccount(db: Database, account: string): void {
  const row = db.get<{ shared: number }>('SELECT shared FROM accounts WHERE address = ?', account);
  if (!row) throw new Failure('account-unknown', `there is no account ${account}: posthorn account list shows those there are`, { temporary: false });
  if (row.shared === 1) throw new Failure('account-shared', `${account} is a shared mailbox, to which nobody logs in`, { temporary: false });
}

export const secondFactorWrites = {
  /** Replaces one that waits for its first code. Throws Failure `account-unknown`, `account-shared`, `totp-on`. */
  begin(db: Database, args: { readonly account: string; readonly sealedSecret: Uint8Array; readonly at: number }): void {
    requireAccount(db, args.account);
    const known = db.get<{ confirmedAt: number | null }>('SELECT confirmed_at AS "confirmedAt" FROM second_factors WHERE account = ?', args.account);
    if (known !== undefined && known.confirmedAt !== null) throw new Failure('totp-on', `${args.account} has one-time codes on already: switch them off first`, { temporary: false });
    db.run('DELETE FROM second_factors WHERE account = ?', args.account);
    db.run('INSERT INTO second_factors (account, sealed_secret, created_at, last_step) VALUES (?, ?, ?, 0)', args.account, args.sealedSecret, args.at);
  },

  /** Switches it on with the step of the first code, and sets the recovery codes. */
  confirm(db: Database, args: { readonly account: string; readonly step: number; readonly recoveryDigests: readonly Uint8Array[]; readonly at: number }): boolean {
    const { changes } = db.run('UPDATE second_factors SET confirmed_at = ?, last_step = ? WHERE account = ? AND confirmed_at IS NULL', args.at, args.step, args.account);
    if (changes === 0) return false;
    db.run('DELETE FROM recovery_codes WHERE account = ?', args.account);
    for (const digest of args.recoveryDigests) db.run('INSERT INTO recovery_codes (account, digest) VALUES (?, ?)', args.account, digest);
    return true;
  },

  /** False when there was none. */
  remove(db: Database, args: { readonly account: string }): boolean {
    requireAccount(db, args.account);
    db.run('DELETE FROM recovery_codes WHERE account = ?', args.account);
    return db.run('DELETE FROM second_factors WHERE account = ?', args.account).changes > 0;
  },

  /** RFC 6238 §5.2: each step once. False when that one, or a later one, was used. */
  useStep(db: Database, args: { readonly account: string; readonly step: number }): boolean {
    return db.run('UPDATE second_factors SET last_step = ? WHERE account = ? AND last_step < ?', args.step, args.account, args.step).changes > 0;
  },

  useRecoveryCode(db: Database, args: { readonly account: string; readonly digest: Uint8Array; readonly at: number }): boolean {
    return db.run('UPDATE recovery_codes SET used_at = ? WHERE account = ? AND digest = ? AND used_at IS NULL', args.at, args.account, args.digest).changes > 0;
  },
};

export const secondFactorReads = {
  get(db: Database, args: { readonly account: string }): SecondFactorRow | undefined {
    return db.get<SecondFactorRow>(
      `SELECT sealed_secret AS "sealedSecret", confirmed_at AS "confirmedAt", last_step AS "lastStep",
         (SELECT count(*) FROM recovery_codes WHERE recovery_codes.account = second_factors.account AND used_at IS NULL) AS "recoveryCodesLeft"
       FROM second_factors WHERE account = ?`,
      args.account,
    );
  },
};
