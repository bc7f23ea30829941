/** The web server of a running lab: an MTA-STS policy fetched over real HTTPS and heeded, settings for mail programs, hostile bodies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { HttpsFetch } from '../../src/contract/https-fetch.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createHttpsFetch } from '../../src/net/https-fetch.ts';
import { createResolver, type Resolver } from '../../src/net/resolver.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { fetchStsPolicy } from '../../src/verify/mta-sts/fetch-policy.ts';
import { stsAllowsHost } from '../../src/verify/mta-sts/policy.ts';
import { readStsRecord } from '../../src/verify/mta-sts/record.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

interface Checked {
  readonly findings: readonly { readonly level: string; readonly text: string }[];
}

let lab: LabProcess;
let dns: Resolver;
let fetch: HttpsFetch;

before(async () => {
  lab = await startLab({ settings: '[dns.policy]\nmta-sts = "enforce"\n' });
  const clock = new SystemClock();
  dns = createResolver({ servers: [{ address: lab.ready.dns.host, port: lab.ready.dns.port }], trustAd: true, clock, log: silentLog });
  const tls = clientTlsFrom(readFileSync(lab.ready.ca));
  fetch = createHttpsFetch({ dns, connector: createConnector({ clock }), clock, clientTls: async () => tls, protocols: () => ['ipv4'] });
});
after(async () => {
  dns.close();
  await lab.stop();
});

const httpsPort = (): number => Number(new URL(lab.ready.http.url).port) - 80 + 443;
const ask = (path: string, init: RequestInit = {}): Promise<Response> => globalThis.fetch(`${lab.ready.http.url}${path}`, init);
const levels = async (args: readonly string[]): Promise<readonly string[]> => {
  const { stdout, stderr } = await lab.run([...args, '--json']);
  assert.ok(stdout.startsWith('{'), stderr);
  return (JSON.parse(stdout) as Checked).findings.map(({ level }) => level);
};

describe('MTA-STS of a domain of ours', () => {
  it('is found as a sender finds it: record, certificate, policy, mail server', async () => {
    const answer = await dns.query('_mta-sts.example.org', 'TXT');
    assert.equal(answer.kind, 'found');
    assert.equal(readStsRecord(answer.kind === 'found' ? answer.records : []).kind, 'record');
    const fetched = await fetchStsPolicy(fetch, 'example.org', httpsPort());
    assert.equal(fetched.kind, 'policy', JSON.stringify(fetched));
    if (fetched.kind !== 'policy') return;
    assert.deepEqual([fetched.policy.mode, fetched.policy.maxAgeSeconds], ['enforce', 604_800]);
    assert.ok(stsAllowsHost(fetched.policy, 'mail.example.org'));
    assert.ok(!stsAllowsHost(fetched.policy, 'mail.evil.example'));
    assert.deepEqual(await levels(['tls', 'sts', 'check', 'example.org']), ['pass']);
  });

  it('changes its id with the policy, and the check notices until the record follows', async () => {
    const id = async (): Promise<string> => {
      const record = (await lab.json<{ records: readonly { name: string; value: string }[] }>(['dns', 'records', 'example.org'])).records.find(({ name }) => name === '_mta-sts.example.org');
      return record?.value ?? '';
    };
    const before = await id();
    await lab.json(['tls', 'sts', 'max-age', 'example.org', '30d']);
    assert.notEqual(await id(), before);
    assert.deepEqual(await levels(['tls', 'sts', 'check', 'example.org']), ['warn', 'pass']);
    await lab.json(['tls', 'sts', 'max-age', 'example.org', 'usual']);
    assert.equal(await id(), before);
  });

  it('is not served for others', async () => {
    for (const host of ['mta-sts.nobody.example', 'mail.example.org', 'mta-sts.']) {
      const answer = await fetch({ host: lab.ready.smtp.host, port: Number(new URL(lab.ready.http.url).port), path: '/.well-known/mta-sts.txt', secure: false, headers: { host }, bytesMax: 10_000, timeoutMs: 60_000 });
      assert.equal(answer.kind === 'response' && answer.status, 404, host);
    }
  });
});

describe('settings for mail programs', () => {
  it('lead Thunderbird to what is served', async () => {
    const answer = await ask('/mail/config-v1.1.xml?emailaddress=bob%40example.org');
    const text = await answer.text();
    assert.equal(answer.headers.get('content-type'), 'text/xml; charset=utf-8');
    assert.ok(text.includes(`<port>${lab.ready.imaps.port}</port>`) && text.includes('<hostname>mail.example.org</hostname>'));
    assert.equal((await ask('/mail/config-v1.1.xml?emailaddress=x%40nobody.example')).status, 404);
    const checked = await levels(['autoconfig', 'check', 'example.org']);
    assert.ok(checked.length > 4 && checked.every((level) => level === 'pass'), checked.join());
  });

  it('are given to Outlook, and nothing of what it sent goes back unescaped', async () => {
    const post = async (body: string | Buffer): Promise<string> => (await ask('/autodiscover/autodiscover.xml', { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) })).text();
    const wanted = '<Autodiscover><Request><EMailAddress>bob@example.org</EMailAddress></Request></Autodiscover>';
    for (const body of [wanted, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(wanted, 'utf16le')])]) {
      const text = await post(body);
      assert.ok(text.includes('<LoginName>bob@example.org</LoginName>') && text.includes(`<Port>${lab.ready.submissions.port}</Port>`), text);
    }
    for (const hostile of [
      '', 'x', '<EMailAddress>', '<EMailAddress></EMailAddress>', '<EMailAddress>a@b"><script>alert(1)</script></EMailAddress>', '</EMailAddress><EMailAddress>',
      '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><EMailAddress>&b;@example.org</EMailAddress>', `<EMailAddress>${'a'.repeat(5000)}@example.org</EMailAddress>`, '<EMailAddress>\u0130\u0130@example.org</EMailAddress>',
      '<EMailAddress>x@nobody.example</EMailAddress>', Buffer.from([0xff, 0xfe, 0x3c]), Buffer.from([0xff, 0xfe]), Buffer.alloc(2000, 0xff),
    ]) {
      const text = await post(hostile);
      assert.match(text, /<ErrorCode>600<\/ErrorCode>/, String(hostile).slice(0, 60));
      assert.doesNotMatch(text, /script|passwd|aaaaaaaa/);
    }
    assert.equal((await ask('/autodiscover/autodiscover.xml', { method: 'POST', body: 'x'.repeat(9000) })).status, 413);
  });

  it('are found by an Outlook that asks in JSON', async () => {
    const where = async (who: string, protocol: string): Promise<Response> => ask(`/autodiscover/autodiscover.json/v1.0/${who}?Protocol=${protocol}&RedirectCount=1`);
    for (const who of ['bob@example.org', 'bob%40example.org']) {
      const { Protocol, Url } = (await (await where(who, 'AutodiscoverV1')).json()) as Readonly<Record<string, string>>;
      assert.deepEqual([Protocol, new URL(Url ?? '').pathname], ['AutodiscoverV1', '/autodiscover/autodiscover.xml']);
    }
    assert.equal((await where('bob@example.org', 'ActiveSync')).status, 400);
    assert.equal((await where('bob@nobody.example', 'AutodiscoverV1')).status, 404);
  });

  it('are given to Apple as a profile', async () => {
    const answer = await ask('/mail/apple.mobileconfig?email=bob%40example.org');
    const text = await answer.text();
    assert.equal(answer.headers.get('content-type'), 'application/x-apple-aspen-config');
    assert.ok(text.includes(`<integer>${lab.ready.imaps.port}</integer>`));
    assert.equal((await ask('/mail/apple.mobileconfig?email=%3Cx%3E%40example.org')).status, 404);
  });
});

describe('what others publish', () => {
  it('is judged as they publish it', async () => {
    assert.deepEqual(await levels(['tls', 'dane', 'check', 'gmx.net']), ['pass']);
    assert.deepEqual(await levels(['tls', 'rpt', 'check', 'example.org']), ['pass']);
    assert.deepEqual(await levels(['bimi', 'check', 'example.org']), ['skip']);
    assert.deepEqual(await levels(['tls', 'caa', 'check', 'example.org']), ['warn']);
  });
});
