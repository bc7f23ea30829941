import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainWait } from './explain-wait.ts';
import type { ExplainPorts } from './explain-wait.ts';
import { WaitingIndex } from './waiting-index.ts';

const AT = Date.UTC(2026, 10, 21, 10, 54, 49);

/** A recipient whose delivery to mx.example.net began at `since`. */
function underWay(since: number, now: number) {
  const index = new WaitingIndex();
  index.take(index.add('0mwqajw4430260fl', 0, since));
  const ports = {
    index, now, rush: undefined, lines: { senderOf: () => undefined }, fresh: { goesAtOnce: () => false },
    deliveries: { underWay: () => ({ since, site: { key: 'mx.example.net', title: 'mx.example.net' } }), canSettle: true },
  };
  return explainWait(ports as unknown as ExplainPorts, '0mwqajw4430260fl', 0);
}

test('a server that does not answer: queue why says since when, how long it may take, and when the attempt ends', () => {
  assert.match(underWay(AT, AT + 2_000)?.reason ?? '', /^It is being delivered to mx\.example\.net at this moment\.$/);
  const { phase, reason } = underWay(AT, AT + 60_000) ?? {};
  assert.equal(phase, 'in-delivery');
  assert.match(reason ?? '', /since 10:54:49 UTC; the server there, or a name server on the way, is slow to answer\. It may take 10 minutes for an answer; by 11:54:49 UTC at the latest this attempt ends, and the next is planned\.$/);
});
