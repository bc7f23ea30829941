/**
 * What an account keeps and may keep. Use is the sum of the counters of its folders, which every change keeps true; what
 * can be undeleted does not count. An account's own limit goes before the one of the configuration.
 */
import { Failure } from '../../base/errors.ts';
import type { QuotaState } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { requireAccount } from './folder-rows.ts';
import { mailboxSetting, writeMailboxSettings } from './mailbox-settings.ts';
import type { MailboxSettings } from './mailbox-settings.ts';

interface LimitsRow {
  readonly bytesMax: number | null;
  readonly messagesMax: number | null;
}

function ownLimits(db: Database, account: string): LimitsRow {
  const row = db.get<LimitsRow>('SELECT bytes_max AS "bytesMax", messages_max AS "messagesMax" FROM mail_quotas WHERE account = ?', account);
  return row ?? { bytesMax: null, messagesMax: null };
}

/** Own limit, else the default; both know 0 as none. */
function limitsOf(db: Database, account: string): { readonly bytesMax: number; readonly messagesMax: number } {
  const own = ownLimits(db, account);
  return {
    bytesMax: own.bytesMax ?? mailboxSetting(db, 'quotaBytes'),
    messagesMax: own.messagesMax ?? mailboxSetting(db, 'quotaMessages'),
  };
}

function usage(db: Database, account: string): { readonly bytes: number; readonly messages: number } {
  const row = db.get<{ bytes: number | null; messages: number | null }>(
    'SELECT sum(size_bytes) AS bytes, sum(messages) AS messages FROM folders WHERE account = ?', account,
  );
  return { bytes: row?.bytes ?? 0, messages: row?.messages ?? 0 };
}

/** Throws a permanent Failure `over-quota` when so much more would be too much. */
export function requireRoom(db: Database, account: string, more: { readonly bytes: number; readonly messages: number }): void {
  const { bytesMax, messagesMax } = limitsOf(db, account);
  if (bytesMax === 0 && messagesMax === 0) return;
  const used = usage(db, account);
  const tooMany = messagesMax > 0 && used.messages + more.messages > messagesMax;
  const tooMuch = bytesMax > 0 && used.bytes + more.bytes > bytesMax;
  if (tooMany || tooMuch) throw new Failure('over-quota', `the mailbox is full: ${account} may keep no more ${tooMuch ? 'bytes' : 'messages'}`, { temporary: false });
}

export const mailQuotaWrites = {
  /** Undefined leaves a limit as it is, null returns to the default, 0 is none. */
  set(db: Database, args: { readonly account: string; readonly bytesMax?: number | null; readonly messagesMax?: number | null }): void {
    requireAccount(db, args.account, false);
    const own = ownLimits(db, args.account);
    const bytesMax = args.bytesMax === undefined ? own.bytesMax : args.bytesMax;
    const messagesMax = args.messagesMax === undefined ? own.messagesMax : args.messagesMax;
    db.run('DELETE FROM mail_quotas WHERE account = ?', args.account);
    if (bytesMax === null && messagesMax === null) return;
    db.run('INSERT INTO mail_quotas (account, bytes_max, messages_max) VALUES (?, ?, ?)', args.account, bytesMax, messagesMax);
  },

  configure(db: Database, settings: MailboxSettings): void {
    writeMailboxSettings(db, settings);
  },
};

export const mailQuotaReads = {
  state(db: Database, args: { readonly account: string }): QuotaState {
    const { bytesMax, messagesMax } = limitsOf(db, args.account);
    const { bytes, messages } = usage(db, args.account);
    return { usedBytes: bytes, usedMessages: messages, bytesMax: bytesMax === 0 ? undefined : bytesMax, messagesMax: messagesMax === 0 ? undefined : messagesMax };
  },

  /** Accounts with limits of their own. */
  own(db: Database, args: { readonly limit: number }): readonly (LimitsRow & { readonly account: string })[] {
    return db.all('SELECT account, bytes_max AS "bytesMax", messages_max AS "messagesMax" FROM mail_quotas ORDER BY account LIMIT ?', args.limit);
  },
};
