/** What threading needs to know of a message, and THREAD=ORDEREDSUBJECT (RFC 5256 §3). */
import { baseSubject } from '../../../mail/base-subject.ts';
import { compareFolded, foldCase } from '../../../mail/case-fold.ts';
import type { ThreadNode } from './thread-tree.ts';

export interface ThreadMessage {
  /** Sequence number or UID. */
  readonly number: number;
  /** Milliseconds since 1970: the Date field, else INTERNALDATE (RFC 5256 §2.2). */
  readonly sentAt: number;
  readonly subject: ThreadSubject;
  /** Without angle brackets; '' when it has none. */
  readonly messageId: string;
  /** Oldest first: References, or the first id of In-Reply-To (RFC 5256 §3, REFERENCES step 1). */
  readonly references: readonly string[];
}

export interface ThreadSubject {
  /** Folded base subject. */
  readonly base: string;
  readonly isReply: boolean;
}

/** Of the Subject field as it is in the header. */
export function threadSubject(field: string): ThreadSubject {
  const { text, isReplyOrForward } = baseSubject(field);
  return { base: foldCase(text), isReply: isReplyOrForward };
}

/** Earlier first, then the lower number. */
export function bySentDate(a: Pick<ThreadMessage, 'sentAt' | 'number'>, b: Pick<ThreadMessage, 'sentAt' | 'number'>): number {
  return a.sentAt - b.sentAt || a.number - b.number;
}

/** Messages of one base subject: the first, and all others as its answers; threads by their first message. */
export function threadByOrderedSubject(messages: readonly ThreadMessage[]): ThreadNode[] {
  const sorted = messages.toSorted((a, b) => compareFolded(a.subject.base, b.subject.base) || bySentDate(a, b));
  const threads: { first: ThreadMessage; rest: ThreadNode[] }[] = [];
  for (const message of sorted) {
    const last = threads.at(-1);
    if (last?.first.subject.base === message.subject.base) last.rest.push({ number: message.number, children: [] });
    else threads.push({ first: message, rest: [] });
  }
  return threads.sort((a, b) => bySentDate(a.first, b.first)).map(({ first, rest }) => ({ number: first.number, children: rest }));
}
