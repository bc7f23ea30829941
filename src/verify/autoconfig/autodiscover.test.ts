import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import type { HttpsAnswer } from '../../contract/https-fetch.ts';
import { checkClientSetup } from './check-setup.ts';

const SRV = (target: string) => ({ '_autodiscover._tcp.example.org': { SRV: [{ priority: 0, weight: 0, port: 443, target }] } });
const answering = (status: number, body: string): HttpsAnswer => ({ kind: 'response', status, mediaType: 'text/xml', headers: {}, body: Buffer.from(body) });
const settings = (port: number): string => `<Autodiscover><Protocol><Type>IMAP</Type><Server>mail.example.org</Server><Port>${port}</Port></Protocol></Autodiscover>`;

/** Level and text of the finding about Outlook. */
async function judged(zone: Parameters<typeof createZoneDns>[0], answer: HttpsAnswer): Promise<readonly [string, string]> {
  const asked: string[] = [];
  const question = { domain: 'example.org', hostname: 'mail.example.org', services: [{ protocol: 'imap', port: 993, security: 'tls' }], httpsPort: 443 } as const;
  const findings = await checkClientSetup({ dns: createZoneDns(zone), fetch: async ({ host }) => (asked.push(host), answer) }, question);
  const found = findings.find(({ text }) => /Outlook/.test(text));
  return [found?.level ?? 'none', `${asked.join()} ${found?.text}`];
}

describe('what Outlook finds', () => {
  for (const [what, zone, answer, level, text] of [
    ['nothing', {}, answering(200, settings(993)), 'warn', /Neither autodiscover\.example\.org nor/],
    ['the settings by SRV', SRV('mail.example.org'), answering(200, settings(993)), 'pass', /^mail\.example\.org /],
    ['the settings at autodiscover.DOMAIN, which it asks first', { ...SRV('elsewhere.example'), 'autodiscover.example.org': { A: ['192.0.2.1'] } }, answering(200, settings(993)), 'pass', /^autodiscover\.example\.org /],
    ['somebody else', SRV('elsewhere.example'), answering(200, settings(993)), 'fail', /leads Outlook to elsewhere\.example/],
    ['another port', SRV('mail.example.org'), answering(200, settings(143)), 'fail', /port 143, which is not served/],
    ['no page', SRV('mail.example.org'), answering(404, ''), 'fail', /status 404/],
    ['a wrong certificate', SRV('mail.example.org'), { kind: 'failure', reason: 'certificate', detail: 'expired' }, 'fail', /expired/],
    ['nobody who answers', SRV('mail.example.org'), { kind: 'failure', reason: 'timeout', detail: 'no answer' }, 'unknown', /no answer/],
  ] as const) {
    it(what, async () => {
      const [found, said] = await judged(zone, answer);
      assert.equal(found, level);
      assert.match(said, text);
    });
  }
});
