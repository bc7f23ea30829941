/** A thread as THREAD tells it (RFC 5256 §4): `(3 6 (4 23)(44 7 96))`. */

/** A message with its answers. Without a number: messages belong together though the one they answer is not there. */
export interface ThreadNode {
  readonly number: number | undefined;
  readonly children: readonly ThreadNode[];
}

/** All threads, `(2)(3 6 (4 23)(44 7 96))`; '' for none. Not recursive along chains, which can be as long as the mailbox. */
export function formatThreads(threads: readonly ThreadNode[]): string {
  const parts: string[] = [];
  const work: (ThreadNode | string)[] = threads.toReversed();
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === 'string') {
      parts.push(next);
      continue;
    }
    // One thread or branch: the chain up to where it splits, then each branch in parentheses.
    parts.push('(');
    let node = next;
    let first = true;
    for (;;) {
      if (node.number !== undefined) {
        parts.push(first ? '' : ' ', String(node.number));
        first = false;
      }
      if (node.children.length !== 1) break;
      node = node.children[0] as ThreadNode;
    }
    if (node.children.length > 0 && !first) parts.push(' ');
    work.push(')', ...node.children.toReversed());
  }
  return parts.join('');
}
