/**
 * The mail-tester's address: what is written to `test-…@` is scored, the report kept, and sent back to the envelope sender.
 *
 * Policy: nobody gets a report about mail that others sent in their name, so one goes only to a sender that SPF or a log-in
 * proves, never to the null sender and never to what answers by itself (RFC 3834 §2). So many a day for each sender, so
 * many for all; what is more is taken and not looked at. Links are followed only for senders that are proven.
 */
import { MAIL_TEST_LIMITS } from '../../base/content-limits.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { OwnMail } from '../../contract/own-mail.ts';
import type { ServiceMail } from '../../contract/service-mail.ts';
import { addressKey } from '../../mail/address.ts';
import { firstField, headerEnd, parseHeader } from '../../mail/header.ts';
import type { ConnectionFacts } from '../../doctor/message/authentication.ts';
import type { Store } from '../../store/store.ts';
import { sendingSource } from '../doctor/own-addresses.ts';
import type { Inspection } from '../inspection/inspection.ts';
import { composeMailTestReport } from './mail-test-report.ts';
import type { ScoreReport } from './score.ts';
import type { TestsUnderway } from './tests-underway.ts';

export interface MailTestPorts {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'mailTests'>;
  readonly dns: Dns;
  readonly inspection: Pick<Inspection, 'score'>;
  readonly ownMail: OwnMail;
  readonly underway: TestsUnderway;
}

const DAY_MS = 86_400_000;

/** Durable when it resolves. Rejects when the store or the queue do not take it, and when the message cannot be scored. */
export async function takeMailTest(ports: MailTestPorts, { message, recipient, content }: ServiceMail): Promise<void> {
  const { store, clock, log } = ports;
  const sender = addressKey(message.sender);
  const known = await store.mailTests.show(message.id, clock.now());
  if (known?.answered) return;
  let report = known?.report as ScoreReport | undefined;
  const bytes = content.inMemory ?? (await content.read());
  const told = message.senderBelieved && sender !== '' && !answersByItself(bytes);
  if (!report) {
    report = await ports.underway.run(sender, () => store.mailTests.counts(sender, clock.now() - DAY_MS), async () => {
      const made = await score(ports, message, bytes);
      await store.mailTests.add({ id: message.id, address: recipient, sender, receivedAt: clock.now(), score: made.score, answered: !told }, bounded(made));
      return made;
    });
    if (!report) {
      log.info('mail-test.too-many', { id: message.id, sender });
      return;
    }
    log.info('mail-test.scored', { id: message.id, sender, score: report.score, answered: told });
  }
  if (!told) return;
  await ports.ownMail.send({ recipients: [message.sender], content: composeMailTestReport({ report, id: message.id, recipient, to: message.sender, hostname: ports.config.hostname, date: clock.now(), original: bytes }) });
  await store.mailTests.answered(message.id);
}

async function score({ config, dns, inspection }: MailTestPorts, message: ServiceMail['message'], bytes: Buffer): Promise<ScoreReport> {
  return inspection.score({ message: bytes, connection: await connectionOf(config, dns, message), arrivedAt: message.startedAt, followLinks: message.senderBelieved });
}

/** Mail of our own users is judged as it would leave: from this server's address, encrypted. */
async function connectionOf(config: Config, dns: Dns, { origin, sender }: ServiceMail['message']): Promise<ConnectionFacts> {
  if (origin.kind === 'inbound') return { address: origin.clientAddress, helo: origin.helo, sender, encrypted: origin.tls !== undefined };
  const source = await sendingSource(config, dns);
  return { ...(source ? { address: source.address, helo: source.helo } : {}), sender };
}

/** RFC 3834 §2: two programs must not write to each other for ever. */
function answersByItself(bytes: Buffer): boolean {
  const end = headerEnd(bytes);
  const { fields } = parseHeader(end < 0 ? bytes : bytes.subarray(0, end));
  const automatic = firstField(fields, 'auto-submitted')?.value.trim().toLowerCase();
  return automatic !== undefined && automatic.startsWith('auto-replied');
}

/** A hostile message makes long findings; what is good is left out first. */
function bounded(report: ScoreReport): ScoreReport {
  let kept = report;
  while (JSON.stringify(kept).length > MAIL_TEST_LIMITS.reportCharsMax && kept.results.length > 0) kept = { ...kept, links: [], results: kept.results.slice(0, Math.floor(kept.results.length / 2)) };
  return kept;
}
