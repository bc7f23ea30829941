/** End of data: authenticate, judge by the rules, place into a folder, count. */
import type { DkimReport } from '../../contract/auth-report.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { createQueueId } from '../../base/queue-id.ts';
import { parseHeader } from '../../mail/header.ts';
import { placeByModel } from '../placement.ts';
import { authenticate, type Authentication } from './authenticate.ts';
import { headerFacts } from './header-facts.ts';
import type { InboxMessage } from './mailbox.ts';
import { fromDomain } from './conditions.ts';
import { firstVerdict, type CulpritRate, type MailFacts, type MessageFacts, type ProviderReply } from './profile.ts';
import type { Receiver } from './receiver.ts';

/** The test string of the generic test for unsolicited bulk email, as far as filters look for it. */
const SPAM_PATTERN = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

/** In the scenario spam-rate. */
const BAD_COMPLAINT_RATE = 0.02;

export type MessageOutcome =
  | { readonly kind: 'accepted'; readonly reply: ProviderReply; readonly message: InboxMessage }
  | { readonly kind: 'refused'; readonly reply: ProviderReply };

export async function judgeMessage(receiver: Receiver, mail: MailFacts, recipients: readonly string[], content: Buffer): Promise<MessageOutcome> {
  const facts = await gatherFacts(receiver, mail, recipients, content);
  const { profile, counters, log, clock } = receiver;
  const domain = fromDomain(facts);
  const verdict = firstVerdict(profile.rules.message, facts);
  if (verdict) {
    counters.refused(profile.name, mail.ip, domain, verdict.rule);
    log.info('lab.provider.refused', { provider: profile.name, client: mail.ip, rule: verdict.rule, code: verdict.reply.code });
    return { kind: 'refused', reply: verdict.reply };
  }
  const placement = placeByModel(facts);
  const message = describe(facts, recipients, createQueueId(clock.now()), placement.folder, placement.reasons, new Date(clock.now()));
  await receiver.mailbox.store(message, content);
  counters.accepted(profile.name, mail.ip, domain, placement.folder);
  log.info('lab.provider.accepted', { provider: profile.name, client: mail.ip, id: message.id, folder: placement.folder });
  receiver.stored(message);
  return { kind: 'accepted', message, reply: { code: 250, enhanced: '2.0.0', text: `OK ${message.id}` } };
}

async function gatherFacts(receiver: Receiver, mail: MailFacts, recipients: readonly string[], content: Buffer): Promise<MessageFacts> {
  const { profile, counters, clock, dns } = receiver;
  const parsed = parseHeader(content);
  const header = headerFacts(parsed);
  const results = await authenticate(dns, {
    ip: mail.ip,
    helo: mail.helo,
    sender: mail.sender,
    receiver: profile.mxHost,
    source: new BufferSource(content),
    header: parsed,
    now: clock.now(),
  });
  const domain = results.dmarc.fromDomain ?? header.fromDomain ?? '';
  return {
    ...mail,
    ...results,
    recipients,
    header,
    bulk: receiver.weather('bulk-sender') || counters.isBulk(profile.name, domain),
    culprits: noteCulprits(receiver, mail, results, content),
    sameMessageId: header.messageId === undefined ? 1 : counters.seenMessageId(profile.name, header.messageId),
    complaintRate: receiver.weather('spam-rate') ? BAD_COMPLAINT_RATE : counters.complaintRate(profile.name, domain),
    sizeBytes: content.length,
    spamPattern: content.includes(SPAM_PATTERN),
  };
}

const URLS_MAX = 20;

/** Counts the message for everything besides its address that may send too fast. */
function noteCulprits({ profile, counters }: Receiver, mail: MailFacts, results: Authentication, content: Buffer): readonly CulpritRate[] {
  const note = (kind: CulpritRate['kind'], key: string): CulpritRate => {
    counters.started(profile.name, `${kind}:${key}`);
    return { kind, key, perMinute: counters.perMinute(profile.name, `${kind}:${key}`) };
  };
  const urlHosts = [...content.toString('latin1').matchAll(/https?:\/\/([a-z0-9.-]{1,253})/gi)].slice(0, URLS_MAX).map((match) => String(match[1]).toLowerCase());
  return [
    note('netblock', `${mail.ip.split('.').slice(0, 3).join('.')}.0/24`),
    ...passingDomains(results.dkim).map((domain) => note('dkim', domain)),
    ...(results.spf.result === 'pass' ? [note('spf', results.spf.domain)] : []),
    ...[...new Set(urlHosts)].map((host) => note('url', host)),
  ];
}

function describe(facts: MessageFacts, recipients: readonly string[], id: string, folder: 'inbox' | 'spam', placement: readonly string[], at: Date): InboxMessage {
  return {
    id,
    mailFrom: facts.sender,
    rcptTo: recipients,
    headerFrom: facts.header.from ?? '',
    subject: facts.header.subject,
    messageId: facts.header.messageId ?? '',
    folder,
    placement,
    spf: facts.spf.result,
    dkim: bestDkim(facts),
    dmarc: facts.dmarc.result,
    arc: facts.arc.cv,
    tls: facts.tls ? `${facts.tls.version} ${facts.tls.cipher}` : false,
    clientIp: facts.ip,
    helo: facts.helo,
    receivedAt: at.toISOString(),
    dkimDomains: passingDomains(facts.dkim),
  };
}

/** Each once; a domain may sign with several keys. */
function passingDomains(signatures: readonly DkimReport[]): readonly string[] {
  return [...new Set(signatures.flatMap(({ result, domain }) => (result === 'pass' && domain !== undefined ? [domain] : [])))];
}

/** One word for all signatures: pass when one passes, else the first one's result, none without any. */
function bestDkim(facts: MessageFacts): string {
  if (facts.dkim.some((signature) => signature.result === 'pass')) return 'pass';
  return facts.dkim[0]?.result ?? 'none';
}
