import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import type { HttpsAnswer, HttpsRequest } from '../../contract/https-fetch.ts';
import type { CachedStsPolicy } from '../../contract/mta-sts.ts';
import { createStsPolicies, type StsPolicies } from './sts-policies.ts';

interface World {
  /** Undefined: the look-up fails. */
  txt: string[] | undefined;
  answer: HttpsAnswer;
  readonly requests: HttpsRequest[];
  readonly kept: Map<string, CachedStsPolicy>;
  readonly clock: AdjustableClock;
  readonly policies: StsPolicies;
}

const page = (mode: string, maxAge = 1_000_000): HttpsAnswer => ({
  kind: 'response', status: 200, mediaType: 'text/plain', headers: {}, body: Buffer.from(`version: STSv1\nmode: ${mode}\nmx: mx.a.test\nmax_age: ${maxAge}\n`),
});

function world(): World {
  const clock = new AdjustableClock();
  const kept = new Map<string, CachedStsPolicy>();
  const requests: HttpsRequest[] = [];
  const dns: Dns = {
    async query<T extends RecordType>(): Promise<DnsAnswer<T>> {
      if (!made.txt) return { kind: 'failure', reason: 'servfail', detail: 'test' };
      if (made.txt.length === 0) return { kind: 'nodata', secure: false };
      return { kind: 'found', records: made.txt.map((text) => [text]) as never, ttlSeconds: 1, secure: false, canonicalName: 'x' };
    },
  };
  const cache = {
    get: async (domain: string) => kept.get(domain),
    put: async (entry: CachedStsPolicy) => void kept.set(entry.domain, entry),
    due: async (before: number, now: number, limit: number) => [...kept.values()].filter(({ fetchedAt, expiresAt }) => fetchedAt < before && expiresAt > now).slice(0, limit),
  };
  const fetch = async (request: HttpsRequest): Promise<HttpsAnswer> => {
    requests.push(request);
    return made.answer;
  };
  const made: World = { txt: ['v=STSv1; id=1'], answer: page('enforce'), requests, kept, clock, policies: createStsPolicies({ dns, fetch, cache, clock, port: () => 443 }) };
  return made;
}

const mode = async (made: World): Promise<string> => {
  const { entry, problem } = await made.policies.find('a.test');
  return [entry?.policy.mode ?? 'none', ...(problem ? [problem.failure] : [])].join(' ');
};

test('a policy is fetched once per id, and kept', async () => {
  const made = world();
  assert.deepEqual(await Promise.all([mode(made), mode(made), mode(made)]), ['enforce', 'enforce', 'enforce']);
  assert.equal(made.requests.length, 1);
  const [{ host, path, port, bytesMax } = {} as HttpsRequest] = made.requests;
  assert.deepEqual([host, path, port, bytesMax], ['mta-sts.a.test', '/.well-known/mta-sts.txt', 443, 65_536]);
  made.txt = ['v=STSv1; id=2'];
  made.answer = page('testing');
  assert.equal(await mode(made), 'testing');
  assert.equal(made.requests.length, 2);
});

test('without a record nothing is fetched', async () => {
  const made = world();
  made.txt = [];
  assert.equal(await mode(made), 'none');
  made.txt = undefined;
  assert.equal(await mode(made), 'none');
  made.txt = ['v=STSv1; id=1', 'v=STSv1; id=2'];
  assert.equal(await mode(made), 'none sts-policy-invalid');
  assert.equal(made.requests.length, 0);
});

test('a kept policy holds when DNS or the web server are gone, until it expires', async () => {
  const made = world();
  assert.equal(await mode(made), 'enforce');
  made.answer = { kind: 'failure', reason: 'timeout', detail: 'no answer' };
  made.txt = undefined;
  assert.equal(await mode(made), 'enforce');
  made.txt = [];
  assert.equal(await mode(made), 'enforce');
  made.txt = ['v=STSv1; id=9'];
  assert.equal(await mode(made), 'enforce sts-policy-fetch-error');
  made.clock.advance(1_000_001_000);
  assert.equal(await mode(made), 'none sts-policy-fetch-error');
});

test('a failed fetch is not repeated for five minutes, unless the id changes', async () => {
  const made = world();
  made.answer = { kind: 'failure', reason: 'certificate', detail: 'expired' };
  assert.equal(await mode(made), 'none sts-webpki-invalid');
  made.answer = page('enforce');
  assert.equal(await mode(made), 'none sts-webpki-invalid');
  assert.equal(made.requests.length, 1);
  made.clock.advance(300_001);
  assert.equal(await mode(made), 'enforce');
  made.answer = { kind: 'response', status: 500, mediaType: 'text/plain', headers: {}, body: Buffer.alloc(0) };
  made.txt = ['v=STSv1; id=2'];
  assert.equal(await mode(made), 'enforce sts-policy-fetch-error');
  made.txt = ['v=STSv1; id=3'];
  made.answer = page('testing');
  assert.equal(await mode(made), 'testing');
});

test('redirects, other types and rubbish are no policy', async () => {
  const cases: [HttpsAnswer, string][] = [
    [{ kind: 'response', status: 301, mediaType: 'text/plain', headers: {}, body: Buffer.alloc(0) }, 'sts-policy-fetch-error'],
    [{ kind: 'response', status: 404, mediaType: 'text/plain', headers: {}, body: Buffer.alloc(0) }, 'sts-policy-fetch-error'],
    [{ ...page('enforce'), mediaType: 'text/html' } as HttpsAnswer, 'sts-policy-invalid'],
    [{ kind: 'response', status: 200, mediaType: 'text/plain', headers: {}, body: Buffer.from('hello') }, 'sts-policy-invalid'],
  ];
  for (const [answer, failure] of cases) {
    const made = world();
    made.answer = answer;
    assert.equal(await mode(made), `none ${failure}`);
  }
});

test('mode none switches a policy off', async () => {
  const made = world();
  await mode(made);
  made.txt = ['v=STSv1; id=2'];
  made.answer = page('none');
  assert.equal(await mode(made), 'none');
  assert.equal(made.kept.get('a.test')?.policy.mode, 'none');
});

test('policies are fetched again before they run out, also without mail', async () => {
  const made = world();
  await mode(made);
  const before = made.kept.get('a.test')?.expiresAt ?? 0;
  assert.equal(await made.policies.refreshDue(), 0);
  made.clock.advance(86_400_001);
  assert.equal(await made.policies.refreshDue(), 1);
  assert.equal(made.requests.length, 2);
  assert.ok((made.kept.get('a.test')?.expiresAt ?? 0) > before);
});
