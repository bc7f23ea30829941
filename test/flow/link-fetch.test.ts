/** Where links that strangers wrote may make this machine connect to: nowhere inside, whatever the DNS says and when. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/errors.ts';
import { createDoctorNetwork } from '../../src/compose/doctor-network.ts';
import type { Dns } from '../../src/contract/dns.ts';
import type { HttpsAnswer, HttpsFetch } from '../../src/contract/https-fetch.ts';
import { probeLinks } from '../../src/doctor/message/link-probe.ts';
import { readLink, type Link } from '../../src/verify/content/link.ts';

const clock = new SystemClock();
const PUBLIC = '93.184.215.14';

/** A link fetch whose DNS answers one list of addresses after the other, and that only writes down where it would connect to. */
async function linkFetch(answers: readonly (readonly string[])[]): Promise<{ readonly fetch: HttpsFetch; readonly dialled: readonly string[]; readonly asked: () => number }> {
  const dialled: string[] = [];
  let asked = 0;
  const dns = { query: async (_name: string, type: string) => (type === 'A' ? { kind: 'found', records: answers[Math.min(asked++, answers.length - 1)] } : { kind: 'nodata' }) } as unknown as Dns;
  const connector = {
    connect: async ({ address }: { readonly address: string }): Promise<never> => {
      dialled.push(address);
      throw new Failure('connect-failed', 'Connection refused');
    },
  };
  const { linkFetch: fetch } = await createDoctorNetwork({ config: undefined, servers: [], dns, clock, connector });
  assert.ok(fetch);
  return { fetch, dialled, asked: () => asked };
}

const get = (fetch: HttpsFetch, host: string): Promise<HttpsAnswer> => fetch({ host, port: 443, path: '/', bytesMax: 100, timeoutMs: 60_000 });

describe('links of strangers', () => {
  it('lead to no address inside, however it is written', async () => {
    const { fetch, dialled } = await linkFetch([[]]);
    for (const host of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '0.0.0.0', '100.64.0.1', '::1', '::', '::ffff:10.0.0.1', '::ffff:7f00:1', '::7f00:1', '64:ff9b::a00:1', '2002:a00:1::', 'fd00::1', 'fe80::1', 'fec0::1']) {
      const answer = await get(fetch, host);
      assert.ok(answer.kind === 'failure' && answer.reason === 'connect' && /private address/.test(answer.detail), host);
    }
    assert.deepEqual(dialled, []);
  });

  it('lead to the address that was looked at: the name is not looked up a second time', async () => {
    const { fetch, dialled, asked } = await linkFetch([[PUBLIC], ['127.0.0.1']]);
    await get(fetch, 'rebinding.example');
    assert.deepEqual([dialled, asked()], [[PUBLIC], 1]);
    await get(fetch, 'rebinding.example');
    assert.deepEqual(dialled, [PUBLIC]);
  });

  it('leave out the inner ones among many addresses', async () => {
    const { fetch, dialled } = await linkFetch([['127.0.0.1', PUBLIC, '10.0.0.1']]);
    await get(fetch, 'mixed.example');
    assert.deepEqual(dialled, [PUBLIC]);
  });

  it('are told where they lead on to, and nobody goes there', async () => {
    const asked: string[] = [];
    const fetch: HttpsFetch = async ({ host }) => (asked.push(host), { kind: 'response', status: 302, mediaType: '', headers: { location: 'http://169.254.169.254/latest' }, body: Buffer.alloc(0) });
    const [probed] = await probeLinks(fetch, [readLink('https://a.example/', '', 'html') as Link]);
    assert.deepEqual([probed?.kind, probed?.words, asked], ['redirect', 'leads on to 169.254.169.254', ['a.example']]);
  });
});
