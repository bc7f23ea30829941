import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseSubject } from '../../../mail/base-subject.ts';
import { threadByOrderedSubject, threadSubject, type ThreadMessage } from './thread-messages.ts';
import { threadByReferences } from './thread-references.ts';
import { formatThreads, type ThreadNode } from './thread-tree.ts';
import { messageIds, readThreadLinks, referencesMax } from './thread-facts.ts';

const SUBJECTS: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
  ['Re: Hello', 'Hello', true],
  ['RE[2]: [list] Fwd: hello (fwd) ', 'hello', true],
  ['[fwd: [x] re: hi]', 'hi', true],
  ['[only]', '[only]', false],
  ['[a][b]', '[b]', false],
  ['Re:', '', true],
  ['re', 're', false],
  ['Fw: [PATCH] re [3]: foo', 'foo', true],
  ['=?utf-8?q?Re:_h=C3=A4?=', 'hä', true],
  ['  two\tblanks  ', 'two blanks', false],
  ['[foo] bar [baz]', 'bar [baz]', false],
  ['hi (fwd) (FWD)', 'hi', true],
];

test('base subjects (RFC 5256 §2.1)', () => {
  for (const [subject, text, isReplyOrForward] of SUBJECTS) assert.deepEqual(baseSubject(subject), { text, isReplyOrForward }, subject);
  // Hostile ones end, too.
  baseSubject('[a]'.repeat(100_000));
  baseSubject(`${'re: '.repeat(50_000)}x${' (fwd)'.repeat(50_000)}`);
});

test('trees are told as RFC 5256 §4 shows them', () => {
  const leaf = (number: number, ...children: ThreadNode[]): ThreadNode => ({ number, children });
  assert.equal(formatThreads([leaf(2), leaf(3, leaf(6, leaf(4, leaf(23)), leaf(44, leaf(7, leaf(96)))))]), '(2)(3 6 (4 23)(44 7 96))');
  assert.equal(formatThreads([{ number: undefined, children: [leaf(3), leaf(5)] }]), '((3)(5))');
  assert.equal(formatThreads([{ number: undefined, children: [leaf(166, leaf(168)), leaf(167)] }, leaf(1)]), '((166 168)(167))(1)');
  assert.equal(formatThreads([]), '');
});

function message(number: number, { subject = `s${number}`, ...facts }: Partial<Omit<ThreadMessage, 'subject'>> & { readonly subject?: string } = {}): ThreadMessage {
  return { number, sentAt: number * 1000, subject: threadSubject(subject), messageId: `m${number}@x`, references: [], ...facts };
}

const after = (...numbers: readonly number[]): { references: string[] } => ({ references: numbers.map((number) => `m${number}@x`) });
const threads = (...messages: readonly ThreadMessage[]): string => formatThreads(threadByReferences(messages));

test('REFERENCES: answers below what they answer, siblings by date', () => {
  assert.equal(threads(message(1), message(2, after(1)), message(3, after(1, 2)), message(4, after(1))), '(1 (2 3)(4))');
  // In any order of arrival.
  assert.equal(threads(message(1, { ...after(3), sentAt: 9000 }), message(2, { ...after(3, 1), sentAt: 9500 }), message(3, { sentAt: 1 })), '(3 1 2)');
  assert.equal(threads(message(1, { sentAt: 5000 }), message(2, { sentAt: 1000 })), '(2)(1)');
});

test('REFERENCES: what is only named holds its answers together, and goes', () => {
  assert.equal(threads(message(1, after(99)), message(2, after(99))), '((1)(2))');
  assert.equal(threads(message(1, after(98, 99))), '(1)');
  assert.equal(threads(message(1), message(2, after(1, 99))), '(1 2)');
});

test('REFERENCES: circles, doubles and messages without an id do no harm', () => {
  assert.equal(threads(message(1, after(2)), message(2, after(1))), '(2 1)');
  assert.equal(threads(message(1, after(1))), '(1)');
  assert.equal(threads(message(1, { messageId: 'same' }), message(2, { messageId: 'same' }), message(3, { messageId: '' }), message(4, { messageId: '' })), '(1)(2)(3)(4)');
  const chain = Array.from({ length: 50_000 }, (_, at) => message(at + 1, { subject: '', ...(at === 0 ? {} : after(at)) }));
  assert.equal(threads(...chain), `(${chain.map(({ number }) => number).join(' ')})`);
  assert.equal(threads(...chain.toReversed()), `(${chain.map(({ number }) => number).join(' ')})`);
});

test('REFERENCES: threads of one subject come together (step 5)', () => {
  // An answer that names nothing goes below the original.
  assert.equal(threads(message(1, { subject: 'topic' }), message(2, { subject: 'Re: topic' })), '(1 2)');
  // Two originals, or two answers, stand side by side.
  assert.equal(threads(message(1, { subject: 'topic' }), message(2, { subject: 'Topic' })), '((1)(2))');
  assert.equal(threads(message(1, { subject: 're: topic' }), message(2, { subject: 'fwd: topic' })), '((1)(2))');
  // Below a dummy that is there already.
  assert.equal(threads(message(1, { ...after(99), subject: 'topic' }), message(2, { ...after(99), subject: 'topic' }), message(3, { subject: 'Re: topic' })), '((1)(2)(3))');
  assert.equal(threads(message(1, { subject: '' }), message(2, { subject: 'Re:' })), '(1)(2)');
  assert.equal(threads(message(2, { subject: 'Re: topic' }), message(3, { subject: 'topic' })), '(3 2)');
});

test('ORDEREDSUBJECT: one level below the first of a subject', () => {
  const told = formatThreads(threadByOrderedSubject([message(1, { subject: 'b' }), message(2, { subject: 'Re: a', sentAt: 1 }), message(3, { subject: 'A', sentAt: 9000 }), message(4, { subject: 're: B' }), message(5, { subject: 'a', sentAt: 8000 })]));
  assert.equal(told, '(2 (5)(3))(1 4)');
});

test('ids of References and In-Reply-To', () => {
  assert.deepEqual(messageIds('<a@b>\r\n <"01KF8JCEOCBS0045PS"@xxx.yyy.com> junk <c@d>'), ['a@b', '01KF8JCEOCBS0045PS@xxx.yyy.com', 'c@d']);
  const links = (header: string): unknown => readThreadLinks(Buffer.from(header));
  assert.deepEqual(links('In-Reply-To: <x@y> <z@y>\r\nSubject: s\r\n\r\n'), { messageId: '', references: ['x@y'] });
  assert.deepEqual(links('References: <a@b>\r\n <c@d>\r\nIn-Reply-To: <x@y>\r\nMessage-ID: <m@y>\r\n\r\n'), { messageId: 'm@y', references: ['a@b', 'c@d'] });
});

test('REFERENCES: a mailbox of long chains of ids that nobody has takes a moment', () => {
  // Each message goes on where the one before ended: four hundred thousand dummies in one line, with a message every two hundred. A minute, when lists of answers wander up.
  const messages = Array.from({ length: 2000 }, (_, i): ThreadMessage => ({ number: i + 1, sentAt: i, subject: threadSubject(`s${i}`), messageId: `m${i}`, references: Array.from({ length: 200 }, (_none, k) => `r${i * 199 + k}`) }));
  const [thread, ...others] = threadByReferences(messages);
  assert.equal(thread?.number, undefined);
  assert.deepEqual([thread?.children.length, others.length], [2000, 0]);
  assert.deepEqual([referencesMax(10), referencesMax(50_000), referencesMax(10_000_000)], [200, 20, 10]);
});
