import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LINK_PROBE_LIMITS } from '../../base/content-limits.ts';
import type { HttpsAnswer, HttpsFetch } from '../../contract/https-fetch.ts';
import { readLink, type Link } from '../../verify/content/link.ts';
import { probeLinks } from './link-probe.ts';

const link = (url: string, text = ''): Link => readLink(url, text, 'html') as Link;
const response = (status: number, headers: Readonly<Record<string, string>> = {}): HttpsAnswer => ({ kind: 'response', status, mediaType: '', headers, body: Buffer.alloc(0) });

describe('looking whether links answer', () => {
  it('asks each host one thing at a time, and not more than a few', async () => {
    const busy = new Map<string, number>();
    let asked = 0;
    const fetch: HttpsFetch = async ({ host }) => {
      asked += 1;
      busy.set(host, (busy.get(host) ?? 0) + 1);
      assert.equal(busy.get(host), 1, host);
      await new Promise((resolve) => setImmediate(resolve));
      busy.set(host, 0);
      return response(200);
    };
    const links = Array.from({ length: 500 }, (_, at) => link(`https://h${at % 30}.example/${at}`));
    const probed = await probeLinks(fetch, links);
    assert.ok(probed.length <= LINK_PROBE_LIMITS.linksMax && asked === probed.length);
    assert.ok(new Set(probed.map((each) => each.link.host)).size <= LINK_PROBE_LIMITS.hostsMax);
  });

  it('never fetches what acts', async () => {
    const links = ['https://a.example/unsubscribe?u=1', 'https://a.example/confirm/7', 'https://a.example/x?token=abc', 'https://a.example/login', 'https://a.example/abmelden'].map((url) => link(url)).concat(link('https://a.example/z', 'Unsubscribe'));
    const probed = await probeLinks(async () => assert.fail('fetched'), links);
    assert.deepEqual(probed.map(({ kind }) => kind), links.map(() => 'spared'));
  });

  it('tells dead from unknown', async () => {
    const answers: readonly (readonly [HttpsAnswer, string])[] = [
      [response(204), 'answers'], [response(404), 'dead'], [response(410), 'dead'], [response(500), 'dead'], [response(403), 'unknown'], [response(429), 'unknown'], [response(503), 'unknown'],
      [response(301, { location: '/de/' }), 'answers'], [response(308, { location: 'https://www.a.example/' }), 'answers'], [response(302, { location: 'https://b.example/' }), 'redirect'], [response(302), 'dead'], [response(302, { location: 'javascript:x' }), 'dead'],
      [{ kind: 'failure', reason: 'dns', detail: 'the name has no address' }, 'dead'], [{ kind: 'failure', reason: 'dns', detail: 'the address cannot be looked up now (servfail)' }, 'unknown'],
      [{ kind: 'failure', reason: 'connect', detail: 'connect to 192.0.2.1 port 443: connection refused' }, 'dead'], [{ kind: 'failure', reason: 'connect', detail: 'connect to 10.0.0.1 port 443: a private address, where no link may lead' }, 'unknown'],
      [{ kind: 'failure', reason: 'certificate', detail: 'TLS' }, 'dead'], [{ kind: 'failure', reason: 'timeout', detail: 'late' }, 'unknown'], [{ kind: 'failure', reason: 'too-large', detail: '' }, 'answers'],
    ];
    for (const [answer, kind] of answers) assert.equal((await probeLinks(async () => answer, [link('https://a.example/')]))[0]?.kind, kind, JSON.stringify(answer));
  });

  it('asks with GET where HEAD is not known', async () => {
    const methods: (string | undefined)[] = [];
    const [probed] = await probeLinks(async ({ method }) => {
      methods.push(method);
      return response(method === 'HEAD' ? 405 : 200);
    }, [link('https://a.example/')]);
    assert.deepEqual([methods, probed?.kind], [['HEAD', 'GET'], 'answers']);
  });
});
