/** The tables [mailbox] and [retention] of posthorn.toml: how much accounts may keep, and for how long. */
import type { MailboxConfig, RetentionConfig } from './mailbox-config.ts';
import { optional, setting, table } from './setting.ts';
import * as value from './values.ts';

const KIB = 1024;
const TIB = 1024 ** 4;

export const mailbox = table('What accounts may keep; `posthorn account quota` gives one account limits of its own.', {
  'quota-bytes': optional(value.size(KIB, TIB), 'Most bytes of mail in all folders of an account.', 'no limit'),
  'quota-messages': optional(value.count(1, 1_000_000_000), 'Most messages in all folders of an account.', 'no limit'),
  'when-full': setting(
    value.choice('defer', 'refuse'),
    'What senders are told while a mailbox is full: to try again later (452, mail on its way waits), or that it is refused (552, mail on its way is returned).',
    'defer',
  ),
});

export const retention = table('How long mail is kept that somebody has thrown away; `posthorn mail keep` sets it for one folder.', {
  undelete: setting(value.duration(), 'Expunged mail can be brought back with `posthorn mail undelete` for this long; "0s": it is gone at once.', '14d'),
  trash: setting(value.duration(), 'Mail is expunged from Trash after this time there; "0s": never.', '30d'),
  junk: setting(value.duration(), 'Mail is expunged from Junk after this time there; "0s": never.', '30d'),
});

interface MailboxTable {
  readonly 'quota-bytes'?: number | undefined;
  readonly 'quota-messages'?: number | undefined;
  readonly 'when-full': 'defer' | 'refuse';
}

export function mailboxConfigOf(read: MailboxTable): MailboxConfig {
  const bytes = read['quota-bytes'];
  const messages = read['quota-messages'];
  return { whenFull: read['when-full'], ...(bytes === undefined ? {} : { quotaBytes: bytes }), ...(messages === undefined ? {} : { quotaMessages: messages }) };
}

export function retentionConfigOf(read: { readonly undelete: number; readonly trash: number; readonly junk: number }): RetentionConfig {
  return { undeleteMs: read.undelete, trashMs: read.trash, junkMs: read.junk };
}
