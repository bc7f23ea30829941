/**
 * Dashboards of providers against a server that plays their exchanges: Google's token service and Postmaster Tools API v2
 * (developers.google.com/workspace/gmail/postmaster/reference/rest/v2), Microsoft's automated data access of SNDS; as looked
 * up in November 2026. It answers only what is asked as documented.
 */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DashboardListing } from '../../src/manage/dashboards/dashboard-verbs.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const KEY = '11111111-2222-3333-4444-555555555555';
const DAY_MS = 86_400_000;
/** Days that the figures are of. */
const [BEFORE, YESTERDAY] = [2, 1].map((days) => new Date(Date.now() - days * DAY_MS)) as [Date, Date];
const american = (date: Date): string => `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()} 1:00 AM`;
const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

let folder: string;
let server: Server;
let base: string;
let lab: LabProcess;
let user: LabUser;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function tokenFor(form: URLSearchParams): object | undefined {
  const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const { iss, scope, aud, iat, exp } = read(claims);
  const good = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' && read(header)['alg'] === 'RS256' && iss === 'posthorn@project.iam.example'
    && scope === 'https://www.googleapis.com/auth/postmaster.traffic.readonly' && aud === `${base}/token` && (exp as number) - (iat as number) === 3600
    && verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), createPublicKey(publicKey), Buffer.from(signature, 'base64url'));
  return good ? { access_token: 'ya29.token', expires_in: 3599, token_type: 'Bearer' } : undefined;
}

/** One page per day that is asked for, so that following nextPageToken is seen. */
function stats(query: Record<string, never>): object | undefined {
  const { metricDefinitions, timeQuery, aggregationGranularity, pageToken, pageSize } = query as Record<string, unknown>;
  const [range] = (timeQuery as { dateRanges?: { dateRanges?: { start: object; end: object }[] } }).dateRanges?.dateRanges ?? [];
  const [metric] = metricDefinitions as { name: string; baseMetric: { standardMetric: string } }[];
  if (aggregationGranularity !== 'DAILY' || metric?.baseMetric.standardMetric !== 'SPAM_RATE' || !range || (pageSize as number) > 200) return undefined;
  const stat = (day: Date, value: number): object => ({ name: `domains/example.org/domainStats/${day.getTime()}`, value: { doubleValue: value }, date: { year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate() }, metric: metric.name });
  return pageToken === 'second' ? { domainStats: [stat(YESTERDAY, 0.004)] } : { domainStats: [stat(BEFORE, 0.0005)], nextPageToken: 'second' };
}

const COMPLIANCE = {
  name: 'domains/example.org/complianceStatus',
  complianceData: {
    domainId: 'example.org',
    rowData: [
      { requirement: 'SPF_AND_DKIM', status: { status: 'COMPLIANT' } },
      { requirement: 'USER_REPORTED_SPAM_RATE', status: { status: 'NEEDS_WORK' } },
    ],
    oneClickUnsubscribeVerdict: { status: { status: 'NEEDS_WORK' }, reason: 'NO_UNSUB_GENERAL' },
    honorUnsubscribeVerdict: { status: { status: 'COMPLIANT' } },
  },
};

async function play(request: IncomingMessage): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const json = (value: object | undefined, status = value ? 200 : 400): { status: number; type: string; text: string } => ({ status, type: 'application/json', text: JSON.stringify(value ?? { error: { message: 'as it is not documented' } }) });
  const csv = (text: string): { status: number; type: string; text: string } => ({ status: 200, type: 'text/csv', text });
  const { pathname, searchParams } = new URL(request.url ?? '', base);
  const body = await bodyOf(request);
  if (request.method === 'POST' && pathname === '/token') return json(tokenFor(new URLSearchParams(body)));
  if (pathname.startsWith('/v2/')) {
    if (request.headers.authorization !== 'Bearer ya29.token') return json({ error: { message: 'no token' } }, 401);
    if (request.method === 'POST' && pathname === '/v2/domains/example.org/domainStats:query') return json(stats(JSON.parse(body) as Record<string, never>));
    if (request.method === 'GET' && pathname === '/v2/domains/example.org/complianceStatus') return json(COMPLIANCE);
    return json({ error: { code: 403, message: 'PERMISSION_DENIED' } }, 403);
  }
  if (searchParams.get('key') !== KEY) return { status: 404, type: 'text/html', text: '' };
  if (pathname === '/snds/data.aspx') return csv(`127.0.0.10,${american(BEFORE)},${american(YESTERDAY)},900,900,900,RED,1.2%,${american(BEFORE)},${american(BEFORE)},7,mail.example.org,a@example.org,\r\n`);
  if (pathname === '/snds/ipStatus.aspx') return csv('127.0.0.11,127.0.0.11,Yes,Blocked due to user complaints or other evidence of spamming\r\n');
  return { status: 404, type: 'text/html', text: '' };
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthorn-dashboards-'));
  server = createServer((request, response) => {
    void play(request).then(({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text), (error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'account.json'), JSON.stringify({ type: 'service_account', client_email: 'posthorn@project.iam.example', private_key: privateKey, private_key_id: 'k1' }), { mode: 0o600 });
  writeFileSync(join(folder, 'snds.key'), `${KEY}\n`, { mode: 0o600 });
  lab = await startLab({
    settings: `[[dashboard]]\nprovider = "google"\ndomains = ["example.org", "elsewhere.example"]\nservice-account-file = "${folder}/account.json"\nurl = "${base}"\ntoken-url = "${base}/token"\n\n[[dashboard]]\nprovider = "microsoft"\nkey-file = "${folder}/snds.key"\nurl = "${base}/snds"\n`,
  });
  user = new LabUser(lab);
});
after(async () => {
  user?.close();
  await lab?.stop();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function log(): string {
  return readFileSync(join(lab.ready.dir, 'posthorn.log'), 'utf8');
}

function listing(...args: string[]): Promise<DashboardListing> {
  return lab.json<DashboardListing>(['report', 'dashboards', '--days', '400', ...args]);
}


describe('dashboards of providers', () => {
  it('are read, kept by day, and shown', async () => {
    const { figures, runs, configured } = await listing('--refresh', '--all');
    assert.deepEqual(configured, ['google', 'microsoft']);
    const google = figures.filter(({ provider }) => provider === 'google');
    assert.deepEqual(google.map(({ day, spamRate: rate }) => [day, rate]), [[dayOf(YESTERDAY), 0.004], [dayOf(BEFORE), 0.0005]]);
    assert.deepEqual(google[0]?.requirements, [
      { requirement: 'SPF_AND_DKIM', met: true },
      { requirement: 'USER_REPORTED_SPAM_RATE', met: false },
      { requirement: 'ONE_CLICK_UNSUBSCRIBE', met: false, reason: 'NO_UNSUB_GENERAL' },
      { requirement: 'HONOR_UNSUBSCRIBE', met: true },
    ]);
    const microsoft = figures.filter(({ provider }) => provider === 'microsoft');
    assert.deepEqual(microsoft.find(({ subject }) => subject === '127.0.0.10'), { provider: 'microsoft', subject: '127.0.0.10', day: dayOf(BEFORE), colour: 'red', spamRate: 0.012, messages: 900, trapHits: 7 });
    assert.match(microsoft.find(({ subject }) => subject === '127.0.0.11')?.blocked ?? '', /^Blocked due to user complaints/);
    assert.match(runs.find(({ provider }) => provider === 'google')?.detail ?? '', /Google tells nothing about elsewhere\.example \(HTTP 403\): add the domain/);
    const { stdout } = await lab.run(['report', 'dashboards', '--days', '400']);
    assert.match(stdout, /google +example\.org +[\d-]+ +0\.4 %[^\n]*not met: USER_REPORTED_SPAM_RATE, ONE_CLICK_UNSUBSCRIBE \(NO_UNSUB_GENERAL\)/);
  });

  it('the postmaster hears once of what is bad', async () => {
    const told = (): string[] => log().split('\n').filter((line) => line.includes('"dashboard.alarm"')).map((line) => { const { subject, reason } = JSON.parse(line) as { subject: string; reason: string }; return `${subject} ${reason}`; });
    const reads = (): number => log().split('"dashboard.read"').length;
    await user.passTime(3_600_000);
    await eventually('the alarms', async () => told().length >= 4);
    const before = reads();
    await user.passTime(DAY_MS);
    await eventually('another look', async () => reads() >= before + 2);
    assert.deepEqual(told().sort(), ['127.0.0.10 colour', '127.0.0.11 blocked', 'example.org requirements', 'example.org spam-rate']);
  });

  it('the log has no key', async () => {
    assert.ok(!log().includes(KEY) && !log().includes('ya29'));
  });
});
