/**
 * Tells the administrator that a receiver refuses this server: in the log, and by a message, once a day at most for each
 * source address, receiving site and signing domain; once for all domains when it is concluded from refusals that are
 * alike. The mail that met it waits; this is what it waits for.
 *
 * Policy: the notice has the null sender and is not written about itself: a block that it meets on its own way is logged
 * only. What was told is remembered in memory; after a restart it may be told once more.
 */
import { createHash } from 'node:crypto';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import type { Log } from '../../base/log.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { Reply } from '../../contract/message.ts';
import type { NewQueueItem } from '../../contract/queue.ts';
import type { LaneKey } from '../../contract/sending.ts';
import { formatDate } from '../../mail/date.ts';
import { LOG_EVENTS, type LogEventFields } from '../../mail/log-events.ts';
import { REFUSED_ALIKE } from '../../mail/reply-meaning/evidence.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';
import { safeForTerminal } from '../../mail/text.ts';
import { replyLine } from './notice-text.ts';
import { contentKey } from '../../mail/content-key.ts';

export interface SourceBlock {
  readonly lane: LaneKey;
  /** Host that said it. */
  readonly mx: string;
  readonly reply: Reply;
  readonly explanation: Explanation;
  /** Queue id of the message that met it. */
  readonly messageId: string;
}

export interface SourceNoticeOptions {
  readonly hostname: string;
  /** Who is told. Asked at each notice. */
  readonly to: () => string;
  /** The smarthost that takes mail for a site while our addresses rest there, as host:port. */
  readonly wayRound: (site: string) => string | undefined;
  readonly lifetimeMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly queueId: (nowMs: number) => string;
  readonly sign: (content: ByteSource) => Promise<ByteSource>;
  readonly enqueue: (item: NewQueueItem) => Promise<void>;
}

export interface SourceNotices {
  /** Never rejects; resolves when the notice, if one is due, is in the queue. */
  blocked(block: SourceBlock): Promise<void>;
}

export function createSourceNotices(options: SourceNoticeOptions): SourceNotices {
  /** Lane → when it was told last; the oldest go first. */
  const told = new Map<string, number>();
  return {
    async blocked(block) {
      const { source, site, dkimDomain } = block.lane;
      // Which of our domains or addresses is meant comes to light one after the other: that is one trouble.
      const key = block.explanation.rule === REFUSED_ALIKE ? `${source} ${site} ${REFUSED_ALIKE}` : `${source} ${site} ${dkimDomain}`;
      const now = options.clock.now();
      if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < REPLY_LIMITS.sourceNoticeEveryMs) return;
      told.delete(key);
      told.set(key, now);
      if (told.size > REPLY_LIMITS.sourceNoticesRemembered) told.delete(told.keys().next().value as string);
      logBlock(options.log, block);
      try {
        await options.enqueue(await noticeItem(options, block, now));
      } catch (error) {
        options.log.warn('notice.failed', { error: String(error) });
      }
    },
  };
}

function logBlock(log: Log, { lane, mx, reply, explanation, messageId }: SourceBlock): void {
  log.warn(LOG_EVENTS.sendingBlocked, {
    id: messageId, source: lane.source, site: lane.site, dkimDomain: lane.dkimDomain, mx, reply: replyLine(reply),
    rule: explanation.rule, culprit: explanation.culprit, meaning: explanation.meaning, nextStep: explanation.nextStep,
  } satisfies LogEventFields['sending.blocked']);
}

async function noticeItem(options: SourceNoticeOptions, block: SourceBlock, now: number): Promise<NewQueueItem> {
  const id = options.queueId(now);
  const to = options.to();
  const from = `postmaster@${options.hostname}`;
  const messageId = `<${id}@${options.hostname}>`;
  const text = [...headerLines({ from, to, messageId, now, block }), '', ...bodyLines(options, block), ''].join('\r\n');
  const signed = await options.sign(new BufferSource(Buffer.from(text)));
  const bytes = signed.inMemory ?? (await signed.read());
  const expiresAt = now + options.lifetimeMs;
  return {
    message: {
      id, sender: '', options: { body: '8bitmime', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP', listener: 'internal' },
      senderBelieved: false, contentDigest: contentKey(createHash('sha256').update(bytes).digest('hex'), now), sizeBytes: bytes.length, startedAt: now, queuedAt: now, expiresAt,
      messageId, headerFrom: from,
    },
    recipients: [{ index: 0, address: to, notify: ['never'], state: 'queued', attempts: 0, nextAttemptAt: now }],
    content: new BufferSource(bytes),
    events: [
      { at: now, name: MESSAGE_EVENTS.accepted, data: { protocol: 'internal', about: block.messageId, sizeBytes: bytes.length, recipients: 1 } },
      { at: now, name: MESSAGE_EVENTS.queued, data: { expiresAt } },
    ],
  };
}

interface HeaderFacts {
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
  readonly now: number;
  readonly block: SourceBlock;
}

/** RFC 3834 §5: a message that nobody may answer automatically. */
function headerLines({ from, to, messageId, now, block }: HeaderFacts): string[] {
  return [
    `From: Mail server <${from}>`,
    `To: <${to}>`,
    `Subject: Mail to ${ascii(block.lane.site || block.mx)} is refused`,
    `Date: ${formatDate(now)}`,
    `Message-ID: ${messageId}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
}

function bodyLines({ hostname, wayRound }: SourceNoticeOptions, { lane, mx, reply, explanation, messageId }: SourceBlock): string[] {
  const relay = wayRound(lane.site);
  const source = lane.source === '' ? 'this server' : `our address ${lane.source}`;
  return [
    `This is the mail server ${hostname}.`,
    '',
    `${mx} refuses mail from ${source}${lane.dkimDomain === '' ? '' : `, signed by ${lane.dkimDomain}`}:`,
    '',
    `  ${replyLine(reply)}`,
    '',
    `What it means: ${explanation.meaning}`,
    `What to do: ${explanation.nextStep}`,
    ...(explanation.reference === undefined ? [] : [`Their page: ${explanation.reference}`]),
    '',
    'No recipient is to blame and none is suppressed.',
    ...(relay === undefined
      ? ['Mail that waits there is tried again after an hour or more, until its time is over; queue.on-block says otherwise if', 'you like.']
      : [`Until our address may send there again, mail to there goes by ${relay} ([[outbound.fallback]]).`]),
    '',
    `The message that met it: posthorn trace ${messageId}`,
    'What waits, and why:     posthorn queue list; posthorn queue why ID',
    '',
    'This is told once a day.',
  ].map((line) => safeForTerminal(line));
}

function ascii(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 200);
}
