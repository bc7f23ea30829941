/**
 * The names on a message's timeline. They are stable: trace, logs, tests and later tools depend on them.
 * `data` fields are listed behind each name.
 */
export const MESSAGE_EVENTS = {
  /** client, helo, clientName, tls, protocol, account, sizeBytes, recipients */
  accepted: 'message.accepted',
  /** what submission repaired: fields: string[] */
  repaired: 'message.repaired',
  /** report: AuthReport without the SPF trace; spfTrace apart */
  authenticated: 'message.authenticated',
  /** action, rule, text */
  judged: 'message.judged',
  /** recipients: {recipient, via, reversePath?}[]: positions of those that aliases lead to elsewhere */
  forwarded: 'message.forwarded',
  /** instance, cv, domain, selector; or why not: reason */
  sealed: 'message.sealed',
  /** signatures: {domain, selector, algorithm}[] */
  signed: 'message.signed',
  /** expiresAt */
  queued: 'message.queued',
  /** scripts, actions: string[]; notes, problems: string[] */
  filtered: 'recipient.filtered',
  /** AttemptFacts, reply */
  delivered: 'recipient.delivered',
  /** A server that took it reported later that it cannot deliver it: reply, mx, reportId */
  returned: 'recipient.returned',
  /** The recipient said that it is spam: reporter, kind, reportId, suppressed */
  complained: 'recipient.complained',
  /** AttemptFacts, reply, scope, nextAttemptAt, attempts */
  deferred: 'recipient.deferred',
  /** AttemptFacts, reply, scope */
  bounced: 'recipient.bounced',
  /** reply (the last), ageMs; attempts when no attempt but the time was the end */
  expired: 'recipient.expired',
  /** by */
  held: 'recipient.held',
  released: 'recipient.released',
  retried: 'recipient.retried',
  deleted: 'recipient.deleted',
  /** to */
  rerouted: 'recipient.rerouted',
  /** dsnId, to, recipients */
  dsnSent: 'dsn.sent',
  /** reason */
  dsnWithheld: 'dsn.withheld',
  /** every recipient has met its fate */
  done: 'message.done',
} as const;
export type MessageEventName = (typeof MESSAGE_EVENTS)[keyof typeof MESSAGE_EVENTS];
