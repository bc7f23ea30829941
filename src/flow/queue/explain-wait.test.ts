import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptStep } from '../../contract/queue.ts';
import { explainWait } from './explain-wait.ts';
import type { ExplainPorts } from './explain-wait.ts';
import { WaitingIndex } from './waiting-index.ts';

const AT = Date.UTC(2026, 10, 21, 10, 54, 49);

/** A recipient whose delivery to mx.example.net began at `since`. */
function underWay(since: number, now: number, step?: AttemptStep) {
  const index = new WaitingIndex();
  index.take(index.add('0mwqajw4430260fl', 0, since));
  const ports = {
    index, now, rush: undefined, lines: { senderOf: () => undefined }, fresh: { goesAtOnce: () => false },
    deliveries: { underWay: () => ({ since, site: { key: 'mx.example.net', title: 'mx.example.net' }, ...(step && { step }) }), canSettle: true },
  };
  return explainWait(ports as unknown as ExplainPorts, '0mwqajw4430260fl', 0);
}

test('a server that does not answer: queue why says since when, how long it may take, and when the attempt ends', () => {
  assert.match(underWay(AT, AT + 2_000)?.reason ?? '', /^It is being delivered to mx\.example\.net at this moment\.$/);
  const { phase, reason, endsBy } = underWay(AT, AT + 60_000) ?? {};
  assert.equal(phase, 'in-delivery');
  assert.match(reason ?? '', /at this moment\. The attempt began at 10:54:49 UTC and ends at 11:54:50 UTC at the latest\.$/);
  assert.equal(endsBy, AT + 3_601_000);
});

test('the step that an attempt waits in: what, where, since when, until when, and what then', () => {
  const host = { mx: 'mx1.example.net', address: '192.0.2.1', port: 25, since: AT + 1000, until: AT + 301_000 };
  const said = (doing: AttemptStep['doing'], afterMs: number): string => underWay(AT, AT + afterMs, { doing, ...host })?.reason ?? '';
  assert.equal(said('greeting', 5000), 'It is being delivered to mx.example.net: connected, and waiting for the greeting of mx1.example.net [192.0.2.1]:25 since 10:54:50 UTC, until 10:59:50 UTC at the latest.');
  assert.match(said('tls', 20_000), /setting up TLS with mx1\.example\.net \[192\.0\.2\.1\]:25 since 10:54:50 UTC, .* If that fails, the next host is tried, .* The attempt began at 10:54:49 UTC/);
  assert.match(said('end-of-data', 20_000), /the whole message is sent, and waiting for mx1\.example\.net .* may arrive twice\./);
  assert.match(said('tls-policy', 20_000), /looking up how the way to mx1\.example\.net must be encrypted/);
  assert.match(underWay(AT, AT + 1, { doing: 'looking-up', since: AT, until: AT + 34_000 })?.reason ?? '', /: looking up its mail servers in DNS since 10:54:49 UTC, until 10:55:23 UTC at the latest\.$/);
});
