/** Lets thrown-away mail go when its time is over (manage/mailbox/mailbox-retention.ts), soon after the start and each hour. */
import type { Timer } from '../base/clock.ts';
import { MAILBOX_LIMITS } from '../base/access-limits.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_MAILBOX, DEFAULT_RETENTION } from '../config/mailbox-config.ts';
import { applyRetention } from '../manage/mailbox/mailbox-retention.ts';
import type { ManageContext } from '../manage/verb.ts';
import type { MailboxSettings } from '../store/clients/mail-quotas.ts';

export interface Retention {
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export function startRetention(context: Pick<ManageContext, 'store' | 'config' | 'clock' | 'log'>): Retention {
  const { clock, log } = context;
  let timer: Timer | undefined;
  let running = Promise.resolve();
  let closed = false;
  const plan = (delayMs: number): void => {
    timer = clock.timer(delayMs, () => (running = run()));
  };
  const run = async (): Promise<void> => {
    try {
      await applyRetention(context);
    } catch (error) {
      log.warn('mailbox.retention-failed', { error: String(error) });
    }
    if (!closed) plan(MAILBOX_LIMITS.retentionEveryMs);
  };
  plan(MAILBOX_LIMITS.retentionFirstMs);
  return {
    close: async () => {
      closed = true;
      timer?.cancel();
      await running;
    },
  };
}

/** What operations of the store need to know; kept in the store. */
export function mailboxSettingsOf(config: Config): MailboxSettings {
  const { quotaBytes = 0, quotaMessages = 0 } = config.mailbox ?? DEFAULT_MAILBOX;
  const { undeleteMs } = config.retention ?? DEFAULT_RETENTION;
  return { quotaBytes, quotaMessages, undeleteMs };
}
