/** Reports that cannot go out at once: TLS reports over HTTPS, a DNS that does not answer, a restart in between; tried a few times, never twice. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { REPORT_OUT_LIMITS } from '../../src/base/report-limits.ts';
import type { Config } from '../../src/config/config.ts';
import type { Chore } from '../../src/contract/chores.ts';
import { createDmarcReportChore } from '../../src/manage/reports-out/dmarc-reports.ts';
import { createTlsReportChore } from '../../src/manage/reports-out/tls-reports.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createHttpsFetch } from '../../src/net/https-fetch.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { openStore, type OwnStore } from '../../src/store/store.ts';
import { createZoneDns, type Zone } from '../harness/zone-dns.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CONFIG = { hostname: 'mail.our.example', outbound: { ips: [] } } as unknown as Config;
const ca = createCertificate({ subject: 'Test CA', isCa: true });
const web = createCertificate({ subject: 'web.test', altNames: ['web.test'], issuer: ca });

let folder: string;
let store: OwnStore;
let server: Server;
let port: number;
const clock = new AdjustableClock();
const posted: { readonly type: string | undefined; readonly path: string | undefined; readonly body: Buffer }[] = [];
let answers: number[] = [];

before(async () => {
  // Noon of the next day: no midnight comes in between.
  clock.advance(1.5 * DAY_MS - (clock.now() % DAY_MS));
  folder = mkdtempSync(join(tmpdir(), 'posthorn-reports-'));
  store = await openStore(folder, { clock });
  server = createServer({ cert: web.certificatePem, key: web.keyPem }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      posted.push({ type: request.headers['content-type'], path: request.url, body: Buffer.concat(pieces) });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
after(async () => {
  await store.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const mailed: string[] = [];
const ownMail = {
  send: async ({ recipients }: { readonly recipients: readonly string[] }) => ({ id: `m${mailed.push(recipients.join())}` }),
  tellPostmaster: async () => ({ id: 'unused' }),
};

function context(zone: Zone) {
  const dns = createZoneDns({ ...zone, 'web.test': { A: ['127.0.0.1'] } });
  const fetch = createHttpsFetch({ dns, clock, connector: createConnector({ clock, allow: (address) => address.startsWith('127.') }), clientTls: async () => clientTlsFrom(ca.certificatePem), protocols: () => ['ipv4'] });
  return { store, config: CONFIG, dns, log: silentLog, fetch };
}

async function run(chore: Chore): Promise<void> {
  await chore.run({ now: clock.now(), lastRunAt: undefined, signal: new AbortController().signal });
}

async function outcomes(domain: string): Promise<string[]> {
  return (await store.reportsOut.sent({ domain, limit: 10 })).map(({ destination, state, detail }) => `${destination} ${state} ${detail}`.trim());
}

test('a TLS report by HTTPS: again while the server is in trouble, once when it took it, never when it says no', async () => {
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  const session = (domain: string) => store.tlsResults.record({ at: clock.now(), domain, mx: `mx.${domain}`, receivingIp: '192.0.2.1', policy: { type: 'no-policy-found', text: [] } });
  session('busy.example');
  session('strict.example');
  session('silent.example');
  await store.tlsResults.flush();
  clock.advance(DAY_MS);
  const rua = (name: string): Zone[string] => ({ TXT: [`v=TLSRPTv1; rua=https://web.test:${port}/${name}`] });
  const chore = createTlsReportChore(context({ '_smtp._tls.busy.example': rua('busy'), '_smtp._tls.strict.example': rua('strict') }), ownMail);
  answers = [503, 400];
  await run(chore);
  assert.deepEqual(await outcomes('busy.example'), [`https://web.test:${port}/busy failed web.test answered HTTP 503`]);
  assert.deepEqual(await outcomes('strict.example'), [`https://web.test:${port}/strict failed web.test answered HTTP 400`]);
  clock.advance(HOUR_MS);
  await run(chore);
  clock.advance(HOUR_MS);
  await run(chore);
  assert.deepEqual(posted.map(({ path, type }) => `${path} ${type}`), ['/busy application/tlsrpt+gzip', '/strict application/tlsrpt+gzip', '/busy application/tlsrpt+gzip']);
  assert.deepEqual(await outcomes('busy.example'), [`https://web.test:${port}/busy sent HTTP 200`]);
  const report = JSON.parse(gunzipSync(posted[2]?.body ?? Buffer.alloc(0)).toString()) as Record<string, string>;
  assert.equal(report['organization-name'], 'mail.our.example');
  assert.equal(report['report-id'], (JSON.parse(gunzipSync(posted[0]?.body ?? Buffer.alloc(0)).toString()) as Record<string, string>)['report-id'], 'the same report has the same name');
  assert.equal((await store.reportsOut.job('tls', day, 'silent.example'))?.state, 'none');
});

test('a DMARC report whose destination cannot be looked up is tried a few times, then given up; the other destination is told once', async () => {
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  const row = { sourceIp: '192.0.2.1', disposition: 'none', dkimAligned: true, spfAligned: true, overrides: [], headerFrom: 'a.example', envelopeFrom: 'a.example', dkim: [], spf: [] } as const;
  const record = 'v=DMARC1; p=none; rua=mailto:d@broken.example,mailto:own@a.example,mailto:tiny@a.example!10';
  for (let count = 0; count < 3; count += 1) store.reportsOut.record({ at: clock.now(), domain: 'a.example', record, row });
  await store.reportsOut.flush();
  clock.advance(DAY_MS);
  const chore = createDmarcReportChore(context({ '_dmarc.a.example': { TXT: [record] }, '_dmarc.broken.example': 'FAIL' }), ownMail);
  for (let attempt = 0; attempt <= REPORT_OUT_LIMITS.attemptsMax; attempt += 1) {
    await run(chore);
    clock.advance(HOUR_MS);
  }
  assert.deepEqual(mailed, ['own@a.example']);
  const job = await store.reportsOut.job('dmarc', day, 'a.example');
  assert.deepEqual([job?.state, job?.attempts], ['given-up', REPORT_OUT_LIMITS.attemptsMax]);
  const [broken, own, tiny] = (await outcomes('a.example')).toSorted();
  assert.match(broken ?? '', /^mailto:d@broken\.example failed the look-up of _dmarc\.broken\.example failed/);
  assert.equal(own, 'mailto:own@a.example sent');
  assert.match(tiny ?? '', /^mailto:tiny@a\.example refused the report has \d+ bytes, and at most 10 are taken there/);
  assert.deepEqual((await store.reportsOut.rows(day, 'a.example')).map(({ count }) => count), [3]);
});

test('a stranger cannot fill the store: what is beyond the limit of a domain is not kept', async () => {
  const counts = Array.from({ length: REPORT_OUT_LIMITS.rowsPerDomainMax + 10 }, (_, index) => ({ day: '2026-01-01', domain: 'flood.example', record: 'v=DMARC1; p=none', digest: `d${index}`, result: '{}', messages: 1 }));
  await store.call('reportsOut.count', { counts });
  assert.equal((await store.reportsOut.rows('2026-01-01', 'flood.example')).length, REPORT_OUT_LIMITS.rowsPerDomainMax);
});
