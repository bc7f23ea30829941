/** Reports of the mail-tester's address. */
import { MAIL_TEST_LIMITS } from '../../base/content-limits.ts';
import type { StoreCall } from '../call.ts';
import type { MailTestRow } from '../ops/mail-tests.ts';

export interface MailTest {
  /** Queue id of the message. */
  readonly id: string;
  /** The address it was written to. */
  readonly address: string;
  /** Envelope sender; '' is the null sender. */
  readonly sender: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Of 10. */
  readonly score: number;
  /** The sender has been told, or is not to be. */
  readonly answered: boolean;
}

export interface MailTestStore {
  /** Keeps it durably; does nothing when the message has one. `report`: a JSON value. */
  add(test: MailTest, report: unknown): Promise<void>;
  answered(id: string): Promise<void>;
  /** Newest first. `now`: milliseconds since 1970; older ones than MAIL_TEST_LIMITS.keptMs are gone. */
  list(now: number, limit: number): Promise<readonly MailTest[]>;
  show(id: string, now: number): Promise<(MailTest & { readonly report: unknown }) | undefined>;
  /** Kept since then, of one sender and of all. */
  counts(sender: string, since: number): Promise<{ readonly ofSender: number; readonly all: number }>;
}

export function createMailTestStore(call: StoreCall): MailTestStore {
  return {
    add: ({ score, answered, ...test }, report) =>
      call('mailTests.add', {
        row: { ...test, scoreTenths: Math.round(score * 10), answered: answered ? 1 : 0, report: JSON.stringify(report) },
        oldestAt: test.receivedAt - MAIL_TEST_LIMITS.keptMs,
        keptMax: MAIL_TEST_LIMITS.keptMax,
      }),
    answered: (id) => call('mailTests.answered', { id }),
    list: async (now, limit) => (await call('mailTests.list', { since: now - MAIL_TEST_LIMITS.keptMs, limit })).map(testOf),
    async show(id, now) {
      const row = await call('mailTests.show', { id, since: now - MAIL_TEST_LIMITS.keptMs });
      return row && { ...testOf(row), report: JSON.parse(row.report) as unknown };
    },
    counts: (sender, since) => call('mailTests.counts', { sender, since }),
  };
}

function testOf({ id, address, sender, receivedAt, scoreTenths, answered }: MailTestRow): MailTest {
  return { id, address, sender, receivedAt: Number(receivedAt), score: Number(scoreTenths) / 10, answered: Number(answered) === 1 };
}
