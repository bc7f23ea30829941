/**
 * THREAD=REFERENCES (RFC 5256 §3): messages in trees by the ids they name, then trees of the same subject together. The
 * steps are those of the RFC, numbered as there. No recursion: a chain of answers can be as long as the mailbox.
 */
import { bySentDate, type ThreadMessage, type ThreadSubject } from './thread-messages.ts';
import type { ThreadNode } from './thread-tree.ts';

/** Steps upwards in search of circles, of one command; who needs more has made the ids for it. */
const STEPS_MAX = 20_000_000;

/** A place in a tree; without a message, a dummy for one that is only named. */
class Container implements ThreadNode {
  message: ThreadMessage | undefined;
  parent: Container | undefined;
  /** Had any: not counted down. */
  isParent = false;
  /** Known once the dummies are gone. */
  children: Container[] = [];

  constructor(message?: ThreadMessage) {
    this.message = message;
  }

  get number(): number | undefined {
    return this.message?.number;
  }

  get lead(): ThreadMessage {
    return leadOf(this);
  }

  get subject(): ThreadSubject {
    return this.lead.subject;
  }

  adopt(child: Container): void {
    child.parent = this;
    this.isParent = true;
  }
}

/** Its own message, or that of its first answer. */
function leadOf(container: Container): ThreadMessage {
  let at = container;
  while (!at.message) at = at.children[0] as Container;
  return at.message;
}

export function threadByReferences(messages: readonly ThreadMessage[]): ThreadNode[] {
  const roots = prune(link(messages));
  sortSiblings(roots);
  const threads = groupBySubject(roots);
  sortSiblings(threads);
  return threads;
}

/** Step 1: links. Steps 1.A and 1.B of RFC 5256. */
function link(messages: readonly ThreadMessage[]): Container[] {
  const byId = new Map<string, Container>();
  const all: Container[] = [];
  let stepsLeft = STEPS_MAX;
  /** In doubt yes: then there is no link. */
  const isBelow = (one: Container, other: Container): boolean => {
    if (one === other) return true;
    if (!other.isParent) return false;
    for (let at = one.parent; at; at = at.parent) if (at === other || (stepsLeft -= 1) < 0) return true;
    return false;
  };
  const containerOf = (id: string): Container => {
    const known = byId.get(id);
    if (known) return known;
    const made = new Container();
    byId.set(id, made);
    all.push(made);
    return made;
  };
  for (const message of messages) {
    let previous: Container | undefined;
    for (const id of message.references) {
      const container = containerOf(id);
      // 1.A: a link that exists is kept, and none may close a circle.
      if (previous && !container.parent && !isBelow(previous, container)) previous.adopt(container);
      previous = container;
    }
    const own = ownContainer(message, byId, all);
    // 1.B: this message's own word about its parent counts.
    if (previous && !isBelow(previous, own)) previous.adopt(own);
    else if (!previous) own.parent = undefined;
  }
  return all;
}

/** A message without an id, or with one that another has, is by itself. */
function ownContainer(message: ThreadMessage, byId: Map<string, Container>, all: Container[]): Container {
  const known = message.messageId === '' ? undefined : byId.get(message.messageId);
  if (known && !known.message) {
    known.message = message;
    return known;
  }
  const own = new Container(message);
  all.push(own);
  if (!known && message.messageId !== '') byId.set(message.messageId, own);
  return own;
}

/**
 * Step 3: dummies go. One without children is removed; the children of another take its place, at the top only when it has
 * one. Each message finds its place upwards, so that a long chain of dummies with many messages is walked once.
 */
function prune(all: readonly Container[]): Container[] {
  const roots: Container[] = [];
  const dummies = new Set<Container>();
  for (const container of all) {
    if (!container.message) continue;
    if (!container.parent) {
      roots.push(container);
      continue;
    }
    const place = placeFrom(container.parent);
    put(place, container);
    if (!place.message) dummies.add(place);
  }
  for (const dummy of dummies) {
    const [first] = dummy.children;
    const root = dummy.children.length === 1 ? (first as Container) : dummy;
    root.parent = undefined;
    roots.push(root);
  }
  return roots;
}

/** The nearest message from here upwards, or the dummy at the top. The dummies on the way remember it. */
function placeFrom(start: Container): Container {
  let place = start;
  while (!place.message && place.parent) place = place.parent;
  for (let at = start; at !== place; ) {
    const above = at.parent as Container;
    at.parent = place;
    at = above;
  }
  return place;
}

/** Every container of the trees, answers before what they answer. */
function deepestFirst(roots: readonly Container[]): Container[] {
  const order: Container[] = [];
  const work = [...roots];
  for (let next = work.pop(); next; next = work.pop()) {
    order.push(next);
    for (const child of next.children) work.push(child);
  }
  return order.toReversed();
}

/** Steps 4 and 6: by sent date; a dummy by that of its first child, which is sorted by then. */
function sortSiblings(roots: Container[]): void {
  for (const { children } of deepestFirst(roots)) if (children.length > 1) children.sort((a, b) => bySentDate(a.lead, b.lead));
  roots.sort((a, b) => bySentDate(a.lead, b.lead));
}

/** Step 5: trees of the same base subject become one. */
function groupBySubject(roots: readonly Container[]): Container[] {
  const table = new Map<string, Container>();
  // 5.B: for each subject, a dummy rather than a message, an original rather than an answer.
  for (const root of roots) {
    const { base, isReply } = root.subject;
    if (base === '') continue;
    const known = table.get(base);
    const better = !known || (known.message && !root.message) || (known.message && root.message && known.subject.isReply && !isReply);
    if (better) table.set(base, root);
  }
  const threads = new Set(roots);
  // 5.C.
  for (const root of roots) {
    const known = table.get(root.subject.base);
    if (root.subject.base === '' || !known || known === root) continue;
    threads.delete(root);
    const merged = merge(known, root);
    if (merged === known) continue;
    threads.delete(known);
    threads.add(merged);
    table.set(root.subject.base, merged);
  }
  return [...threads];
}

function merge(known: Container, root: Container): Container {
  if (!known.message && !root.message) {
    for (const child of root.children) put(known, child);
    root.children = [];
    return known;
  }
  if (!known.message || (root.subject.isReply && !known.subject.isReply)) {
    put(known, root);
    return known;
  }
  const dummy = new Container();
  put(dummy, known);
  put(dummy, root);
  return dummy;
}

function put(parent: Container, child: Container): void {
  child.parent = parent;
  parent.children.push(child);
}
