/**
 * The few settings that operations need, kept beside what they are about: whichever thread or command asks for a change,
 * the same limits hold. The server writes them at its start and when its configuration is read again.
 */
import type { Database } from '../database.ts';

export interface MailboxSettings {
  /** Bytes and messages that an account may keep unless it has limits of its own; 0: no limit. */
  readonly quotaBytes: number;
  readonly quotaMessages: number;
  /** Expunged mail can be undeleted for so long, milliseconds; 0: not at all. */
  readonly undeleteMs: number;
}

/** Until a server has written its own. */
export const DEFAULT_MAILBOX_SETTINGS: MailboxSettings = { quotaBytes: 0, quotaMessages: 0, undeleteMs: 14 * 86_400_000 };

export function mailboxSetting(db: Database, name: keyof MailboxSettings): number {
  return db.get<{ value: number }>('SELECT value FROM mailbox_settings WHERE name = ?', name)?.value ?? DEFAULT_MAILBOX_SETTINGS[name];
}

export function writeMailboxSettings(db: Database, settings: MailboxSettings): void {
  for (const name of Object.keys(DEFAULT_MAILBOX_SETTINGS) as (keyof MailboxSettings)[]) {
    db.run('INSERT INTO mailbox_settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, settings[name]);
  }
}
