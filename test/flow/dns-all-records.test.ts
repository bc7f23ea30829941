/**
 * Every kind of record that Posthorn publishes, at a real BIND: planned, applied, verified at the name server, undone. The
 * host's zone is signed by BIND and looked up through one that validates, so that TLSA records are wanted.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { PublishableType } from '../../src/contract/dns-publishing.ts';
import { createResolver } from '../../src/net/resolver.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { missingServer, startBind, startValidator, type Bind } from '../harness/bind.ts';
import { eventually } from '../harness/lab-process.ts';
import { publishedAt } from './bind-kit.ts';
import { Home } from './cli-kit.ts';

const ADDRESS = '127.0.0.1';
const skip = missingServer();
const NSUPDATE = '/usr/bin/nsupdate';
const clock = new SystemClock();
/** In the zone, and nobody's business. */
const FOREIGN = ['@ IN CAA 0 issue "other-ca.example"', '_tcp IN TXT "not ours"', '_imap._tcp.shop IN SRV 0 0 143 mail.shop.example.'];

let bind: Bind;
let validator: Awaited<ReturnType<typeof startValidator>> | undefined;
let home: Home;

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly name: string; readonly type: PublishableType; readonly action: string; readonly before?: { readonly values: readonly string[] }; readonly after?: { readonly values: readonly string[] } }[];
}

before(async () => {
  if (skip) return;
  bind = await startBind(ADDRESS, { 'in.example': FOREIGN.join('\n'), 'host.example': 'mail IN A 203.0.113.10' }, 'hmac-sha256', ['host.example']);
  validator = await startValidator(bind, ['host.example'], ['in.example']);
  const { port } = validator;
  const resolver = createResolver({ servers: [{ address: ADDRESS, port }], trustAd: true, clock, log: silentLog });
  await eventually('a signed answer', async () => {
    resolver.flush();
    const answer = await resolver.query('mail.host.example', 'A');
    return answer.kind === 'found' && answer.secure;
  });
  resolver.close();
  home = new Home('');
  mkdirSync(home.data, { recursive: true });
  const { certificatePem, keyPem } = createCertificate({ subject: 'mail.host.example', altNames: ['mail.host.example'] });
  for (const [name, text] of [['key', bind.secret], ['certificate.pem', certificatePem], ['certificate-key.pem', keyPem]] as const) writeFileSync(join(home.folder, name), text, { mode: 0o600 });
  const server = `${bind.address}:${bind.port}`;
  writeFileSync(home.config, `hostname = "mail.host.example"
data-dir = "data"
[listen]
smtp = []
submission = ["0.0.0.0:587"]
submissions = ["0.0.0.0:465"]
imap = ["0.0.0.0:143"]
imaps = ["0.0.0.0:993"]
pop3s = ["0.0.0.0:995"]
sieve = ["0.0.0.0:4190"]
https = ["0.0.0.0:443"]
[tls]
certificate = "certificate.pem"
key = "certificate-key.pem"
[dns]
servers = ["${ADDRESS}:${port}"]
[dns.policy]
mta-sts = "testing"
caa-issuers = ["letsencrypt.org"]
dane = true
bimi-logo = "https://%d/logo.svg"
names-without-mail = ["www"]
[[outbound.ip]]
address = "203.0.113.10"
[[dns.provider]]
type = "rfc2136"
label = "bind"
server = "${server}"
key-name = "${bind.keyName}"
secret-file = "key"
name-servers = ["${server}"]
`);
  assert.equal((await home.posthorn(['domain', 'add', 'in.example'])).status, 0);
});

after(async () => {
  if (skip) return;
  await home?.close();
  await validator?.stop();
  await bind?.stop();
});

/** Kinds of records that must be among the wanted. */
const KINDS = [
  ['_mta-sts.in.example TXT', /^"v=STSv1; id=\w+;"$/],
  ['mta-sts.in.example CNAME', /^mail\.host\.example\.$/],
  ['_smtp._tls.in.example TXT', /^"v=TLSRPTv1; rua=mailto:tls@in\.example"$/],
  ['autoconfig.in.example CNAME', /^mail\.host\.example\.$/],
  ['_autodiscover._tcp.in.example SRV', /^0 0 443 mail\.host\.example\.$/],
  ['_submissions._tcp.in.example SRV', /^0 1 465 mail\.host\.example\.$/],
  ['_submission._tcp.in.example SRV', /^0 1 587 /],
  ['_imaps._tcp.in.example SRV', /^0 1 993 /],
  ['_imap._tcp.in.example SRV', /^0 1 143 /],
  ['_pop3s._tcp.in.example SRV', /^0 1 995 /],
  ['_sieve._tcp.in.example SRV', /^0 1 4190 /],
  ['default._bimi.in.example TXT', /^"v=BIMI1; l=https:\/\/in\.example\/logo\.svg; a=;"$/],
  ['in.example CAA', /^0 issue "letsencrypt\.org"$/],
  ['_25._tcp.mail.host.example TLSA', /^3 1 1 [0-9a-f]{64}$/i],
  ['www.in.example MX', /^0 \.$/],
  ['in.example MX', /^10 mail\.host\.example\.$/],
  ['_dmarc.in.example TXT', /^"v=DMARC1; p=none; /],
] as const;

test('MTA-STS, TLS reports, BIMI, TLSA, CAA, SRV and the names of mail programs are planned, applied, verified and undone', { skip }, async () => {
  const plan = await home.json<PlanJson>(['dns', 'plan', '--all']);
  const beforehand = await publishedAt(bind, plan.items);
  assert.deepEqual(beforehand.get('in.example CAA'), ['0 issue "other-ca.example"']);
  for (const [place, value] of KINDS) {
    const item = plan.items.find(({ name, type }) => `${name} ${type}` === place);
    assert.equal(item?.action, place.endsWith(' CAA') ? 'change' : 'add', place);
    assert.ok(item?.after?.values.some((each) => value.test(each)), `${place}: ${item?.after?.values.join(', ')}`);
  }
  assert.ok(plan.items.some(({ name, type, action }) => name.endsWith('._domainkey.in.example') && type === 'TXT' && action === 'add'));

  const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id]);
  // All but the PTR record, which is its landlord's.
  assert.match(applied.stdout, /^Still to do: 1 record set to change by hand\.$/m);
  assert.match(applied.stdout, /name servers? of the zones answers? it/);
  const wanted = await publishedAt(bind, plan.items);
  for (const [place, value] of KINDS) assert.ok(wanted.get(place)?.some((each) => value.test(each)), `${place}: ${wanted.get(place)?.join(', ')}`);
  assert.deepEqual(wanted.get('in.example CAA'), ['0 issue "letsencrypt.org"', '0 issue "other-ca.example"']);
  const again = await home.json<PlanJson>(['dns', 'plan', '--all']);
  assert.deepEqual(again.items.filter(({ action }) => action !== 'good'), []);

  const undone = await home.posthorn(['dns', 'undo']);
  assert.equal(undone.status, 0, undone.stdout + undone.stderr);
  assert.match(undone.stdout, /name servers? of the zones answers? it/);
  assert.deepEqual(await publishedAt(bind, plan.items), beforehand);
});

test('the changes of a plan as a script for nsupdate: BIND’s own takes it, and nothing is left to do', { skip: skip || missingServer(NSUPDATE, 'nsupdate (bind9-dnsutils)') }, async () => {
  const script = await home.posthorn(['dns', 'plan', '--all', '--format', 'nsupdate']);
  assert.equal(script.status, 1, script.stderr);
  assert.match(script.stdout, /^zone in\.example\.$/m);
  writeFileSync(join(home.folder, 'changes'), `server ${bind.address} ${bind.port}\n${script.stdout}`);
  writeFileSync(join(home.folder, 'tsig'), `key "${bind.keyName}" { algorithm ${bind.algorithm}; secret "${bind.secret}"; };\n`, { mode: 0o600 });
  const ran = spawnSync(NSUPDATE, ['-k', join(home.folder, 'tsig'), join(home.folder, 'changes')], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const plan = await home.json<PlanJson>(['dns', 'plan', '--all']);
  assert.deepEqual(plan.items.filter(({ action }) => action !== 'good'), []);
  const again = spawnSync(NSUPDATE, ['-k', join(home.folder, 'tsig'), join(home.folder, 'changes')], { encoding: 'utf8' });
  assert.match(again.stderr, /YXRRSET|NXRRSET|YXDOMAIN/);
});
