/** The table [feedback] of posthorn.toml: reports of others about our mail. */
import { DEFAULT_FEEDBACK, type FeedbackConfig } from './feedback-config.ts';
import { setting, table } from './setting.ts';
import * as value from './values.ts';

export const feedback = table('What receivers report about our mail: DMARC, TLS and abuse reports.', {
  addresses: setting(value.listOf(value.plainText()), 'Local parts at which the server reads reports, in each of its domains. Where somebody has such an address, he gets the mail, too.', [...DEFAULT_FEEDBACK.addresses]),
  retention: setting(value.duration({ minMs: 86_400_000 }), 'How long reports are kept.', '400d'),
  headers: setting(value.toggle(), 'Give bulk mail of our own domains CFBL-Address (RFC 9477), which tells receivers where to send complaints, and Feedback-ID, by which Google counts complaints for each sender.', false),
});

export function feedbackConfigOf(tables: { readonly addresses: readonly string[]; readonly retention: number; readonly headers: boolean }): FeedbackConfig {
  return { addresses: tables.addresses.map((name) => name.toLowerCase()), keepMs: tables.retention, headers: tables.headers };
}

/** Undefined: all are local parts. */
export function wrongFeedbackAddress(addresses: readonly string[]): string | undefined {
  const wrong = addresses.find((name) => !/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name) || name.toLowerCase() === 'postmaster');
  return wrong === undefined ? undefined : `${JSON.stringify(wrong)} is not the part of an address before the @, such as "dmarc" (postmaster is a person's)`;
}
