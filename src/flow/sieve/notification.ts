/** The message that `notify` with mailto sends. RFC 5435, RFC 5436. Pure. */
import { composeMessage } from '../../mail/compose.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { firstField, type HeaderField } from '../../mail/header.ts';
import type { NotifyAction } from '../../sieve/action.ts';

export interface NotificationRequest {
  readonly action: NotifyAction;
  /** Of the message that causes it. */
  readonly fields: readonly HeaderField[];
  readonly account: string;
  readonly from: { readonly name?: string; readonly address: string };
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly junk: boolean;
}

export type Notification = { readonly kind: 'mail'; readonly recipients: readonly string[]; readonly content: Buffer } | { readonly kind: 'none'; readonly why: string };

const TEXT_CHARS_MAX = 200;

export function notification({ action, fields, account, from, messageId, now, junk }: NotificationRequest): Notification {
  if (junk) return { kind: 'none', why: 'the message was judged to be junk' };
  const auto = firstField(fields, 'auto-submitted')?.value.trim().toLowerCase().replace(/[;\s].*$/s, '') ?? '';
  // RFC 5436 §2.7.1: notifications about notifications are a circle.
  if (auto === 'auto-notified') return { kind: 'none', why: 'the message is a notification itself' };
  const recipients = [...action.to, ...action.cc, ...action.bcc];
  if (recipients.length === 0) return { kind: 'none', why: 'it names nobody' };
  const words = (name: string): string => decodeWords(firstField(fields, name)?.value ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim().slice(0, TEXT_CHARS_MAX);
  const subject = action.subject ?? `New mail: ${words('subject') || '(no subject)'}`;
  const content = composeMessage({
    from,
    to: action.to,
    ...(action.cc.length > 0 && { cc: action.cc }),
    subject,
    text: action.body ?? `From: ${words('from')}\nSubject: ${words('subject')}\n`,
    date: now,
    messageId,
    headers: [
      ...action.headers.map(({ name, value }) => [name, value] as const),
      ['Auto-Submitted', `auto-notified; owner-email="${account}"`],
      ...(action.importance === 2 ? [] : ([['Importance', action.importance === 1 ? 'High' : 'Low'], ['X-Priority', action.importance === 1 ? '1' : '5']] as const)),
    ],
  });
  return { kind: 'mail', recipients, content };
}
