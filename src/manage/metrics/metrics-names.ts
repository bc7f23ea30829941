/** The counters of a server, with their help. Names are stable: monitoring depends on them. Labels are in brackets. */
export const COUNTER_HELP = {
  posthorn_smtp_connections_total: 'SMTP connections taken, by listener [service].',
  posthorn_smtp_rejected_total: 'SMTP commands refused [stage, code].',
  posthorn_logins_total: 'Log-ins over IMAP, POP3 and ManageSieve [service].',
  posthorn_logins_failed_total: 'Log-ins refused [reason].',
  posthorn_messages_accepted_total: 'Messages taken over, each committed before the reply.',
  posthorn_messages_refused_total: 'Messages refused after their content was seen [rule].',
  posthorn_deliveries_total: 'What became of recipients in delivery attempts [site, outcome].',
  posthorn_delivery_failures_total: 'Replies that were no success, by whom they blame and what class they are [culprit, class].',
  posthorn_notices_total: 'Notices (DSNs) made [kind].',
  posthorn_accounts_braked_total: 'Times that the mail of an account was stopped [rule].',
  posthorn_quota_refusals_total: 'Messages refused because an account reached a limit.',
  posthorn_guard_news_total: 'Changes that the guard found to last [kind].',
  posthorn_log_entries_total: 'Warnings and errors in the log [level].',
} as const;
export type CounterName = keyof typeof COUNTER_HELP;
