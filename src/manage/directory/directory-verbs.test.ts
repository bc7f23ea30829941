import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { parseConfig } from '../../config/load.ts';
import type { Dns } from '../../contract/dns.ts';
import { createDirectory } from '../../store/directory.ts';
import { createLogin } from '../../login/login.ts';
import { createSigningKeys } from '../../store/signing-keys.ts';
import { openStore } from '../../store/store.ts';
import { accountVerbs } from './account.ts';
import { aliasVerbs } from './alias.ts';
import { dnsVerbs } from '../dns/dns.ts';
import type { DomainRecords } from '../dns/dns.ts';
import { dkimVerbs } from '../dkim/verbs.ts';
import { domainVerbs } from './domain.ts';
import { runVerb } from '../local-call.ts';
import { mailboxVerbs } from '../mailbox/mailbox.ts';
import type { MessageSummary } from '../mailbox/mailbox.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-verbs-'));
const store = await openStore(dataDir);
const config = parseConfig(
  `hostname = "mail.example.org"\ndata-dir = ${JSON.stringify(dataDir)}\n[listen]\nsmtp = ["127.0.0.1:25"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n`,
  join(dataDir, 'posthorn.toml'),
);
const dns: Dns = { query: () => Promise.resolve({ kind: 'nxdomain', secure: false }) };
const context = { store, config, dns, clock: new SystemClock(), log: silentLog };
const directory = createDirectory({ store, hostname: config.hostname });
const login = createLogin({ store, clock: context.clock, log: silentLog });
const signingKeys = createSigningKeys({ store });
const verbs = [...accountVerbs, ...aliasVerbs, ...domainVerbs, ...dkimVerbs, ...dnsVerbs, ...mailboxVerbs];
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

async function call<T>(name: string, args: unknown): Promise<T> {
  const outcome = await runVerb(verbs, context, name, args);
  if (outcome.kind === 'error') throw Object.assign(new Error(outcome.error.message), { code: outcome.error.code });
  return JSON.parse(JSON.stringify(outcome.result)) as T;
}
const here = { service: 'smtp', clientAddress: '127.0.0.1' } as const;

test('an account in an unknown domain is refused with what to do; with --create-domain it works', async () => {
  await assert.rejects(call('account.add', { address: 'alice@example.org' }), { code: 'domain-unknown', message: /posthorn domain add example\.org/ });
  assert.deepEqual(await directory.resolve('alice@example.org'), { kind: 'remote' });
  const added = await call<{ address: string; password: string; domainCreated: boolean }>('account.add', { address: 'Alice@Example.org', createDomain: true });
  assert.equal(added.domainCreated, true);
  assert.ok(added.password.length >= 20);
  assert.deepEqual(await directory.resolve('alice@example.org'), { kind: 'mailbox', account: 'alice@example.org' });
  assert.equal((await login.password('alice@example.org', added.password, here)).kind, 'ok');
});

test('a given password is not given back; a changed one counts at once', async () => {
  assert.deepEqual(await call('account.add', { address: 'bob@example.org', password: 'correct horse' }), { address: 'bob@example.org', domainCreated: false });
  await assert.rejects(call('account.add', { address: 'bob@example.org' }), { code: 'account-exists' });
  await call('account.password', { address: 'bob@example.org', password: 'battery staple' });
  assert.equal((await login.password('bob@example.org', 'correct horse', here)).kind, 'denied');
  assert.equal((await login.password('bob@example.org', 'battery staple', here)).kind, 'ok');
  await assert.rejects(call('account.password', { address: 'bob@example.org', password: 'short' }), { code: 'password-refused' });
});

test('a disabled account neither receives nor logs in, until it is enabled', async () => {
  await call('account.disable', { address: 'bob@example.org' });
  assert.deepEqual(await directory.resolve('bob@example.org'), { kind: 'disabled' });
  assert.equal((await login.password('bob@example.org', 'battery staple', here)).kind, 'denied');
  await call('account.enable', { address: 'bob@example.org' });
  assert.equal((await login.password('bob@example.org', 'battery staple', here)).kind, 'ok');
});

test('aliases are made, grown, listed and removed', async () => {
  await call('alias.add', { address: 'team@example.org', targets: ['alice@example.org'] });
  const grown = await call('alias.add', { address: 'Team@example.org', targets: ['bob@example.org', 'alice@example.org'] });
  assert.deepEqual(grown, { address: 'team@example.org', targets: ['alice@example.org', 'bob@example.org'] });
  await assert.rejects(call('alias.add', { address: 'alice@example.org', targets: ['bob@example.org'] }), { code: 'account-exists' });
  await assert.rejects(call('alias.add', { address: 'x@example.org', targets: ['x@example.org'] }), { code: 'alias-to-itself' });
  await assert.rejects(call('alias.add', { address: 'x@example.org', targets: ['no address'] }), { code: 'bad-arguments' });
  await assert.rejects(call('alias.add', { address: 'x@example.com', targets: ['bob@example.org'] }), { code: 'domain-unknown' });
  await call('alias.remove', { address: 'team@example.org', target: 'bob@example.org' });
  const { aliases } = await call<{ aliases: { address: string }[] }>('alias.list', { domain: 'example.org' });
  assert.deepEqual(aliases.map((alias) => alias.address), ['dmarc@example.org', 'team@example.org', 'tls@example.org']);
  await call('alias.remove', { address: 'team@example.org' });
  await assert.rejects(call('alias.remove', { address: 'team@example.org' }), { code: 'alias-unknown' });
});

test('a domain gets DKIM keys in files of mode 0600, which sign and which its DNS records name', async () => {
  const keys = await signingKeys.forDomain('Example.ORG');
  assert.deepEqual(keys.map((key) => key.algorithm), ['rsa-sha256', 'ed25519-sha256']);
  for (const key of keys) {
    const file = join(dataDir, 'keys', 'example.org', `${key.selector}.pem`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  }
  const { records } = await call<DomainRecords>('dns.records', { domain: 'example.org' });
  for (const key of keys) {
    const row = records.find((record) => record.name === `${key.selector}._domainkey.example.org`);
    assert.ok(row?.type === 'TXT' && row.data.join('').startsWith('v=DKIM1; k='));
  }
  assert.ok(records.some((record) => record.type === 'A' && record.data === '203.0.113.10'));
  assert.equal(records.some((record) => record.type === 'SRV'), false);
});

test('a key made later waits for its record before it signs', async () => {
  const made = await call<{ selector: string; active: boolean }>('dkim.create', { domain: 'example.org', algorithm: 'ed25519-sha256' });
  assert.equal(made.active, false);
  assert.equal((await signingKeys.forDomain('example.org')).length, 2);
  await call('dkim.state', { domain: 'example.org', selector: made.selector, state: 'active' });
  assert.equal((await signingKeys.forDomain('example.org')).length, 3);
  await assert.rejects(call('dkim.create', { domain: 'example.org', algorithm: 'rsa-sha256', selector: '../evil' }), { code: 'bad-arguments' });
});

test('a domain with accounts stays; without them it goes, keys and aliases too', async () => {
  await assert.rejects(call('domain.remove', { domain: 'example.org' }), { code: 'domain-in-use' });
  await call('domain.add', { domain: 'bücher.example' });
  await call('domain.catch-all', { domain: 'xn--bcher-kva.example', target: 'alice@example.org' });
  assert.deepEqual(await directory.resolve('any@bücher.example'), { kind: 'mailbox', account: 'alice@example.org', catchAll: true });
  assert.ok(existsSync(join(dataDir, 'keys', 'xn--bcher-kva.example')));
  await call('domain.remove', { domain: 'bücher.example' });
  assert.equal(existsSync(join(dataDir, 'keys', 'xn--bcher-kva.example')), false);
  assert.deepEqual(await signingKeys.forDomain('bücher.example'), []);
  for (const bad of ['no domain', '[192.0.2.1]', '']) await assert.rejects(call('domain.add', { domain: bad }));
});

test('a message is appended, listed with decoded names, read and marked', async () => {
  const text = 'From: =?utf-8?q?J=C3=BCrgen?= <j@example.net>\r\nTo: alice@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n';
  const where = { account: 'alice@example.org', folder: 'Drafts' };
  const { uid } = await call<{ uid: number }>('mailbox.append', { ...where, content: Buffer.from(text).toString('base64') });
  const { messages } = await call<{ messages: MessageSummary[] }>('mailbox.messages', where);
  assert.deepEqual(messages[0]?.from, [{ name: 'Jürgen', address: 'j@example.net' }]);
  assert.equal(messages[0]?.subject, 'Grüße');
  const peeked = await call<MessageSummary & { content: string }>('mailbox.read', { ...where, uid, peek: true });
  assert.equal(Buffer.from(peeked.content, 'base64').toString(), text);
  assert.deepEqual(peeked.flags, []);
  assert.deepEqual((await call<MessageSummary>('mailbox.read', { ...where, uid })).flags, ['\\Seen']);
  await assert.rejects(call('mailbox.read', { ...where, uid: 99 }), { code: 'message-unknown' });
  await assert.rejects(call('mailbox.messages', { account: 'alice@example.org', folder: 'Nowhere' }), { code: 'folder-unknown' });
  const moved = await call<{ pairs: { to: number }[] }>('mailbox.move', { ...where, uids: [uid], target: 'Trash' });
  const inTrash = { account: 'alice@example.org', folder: 'Trash' };
  await call('mailbox.flags', { ...inTrash, uids: [moved.pairs[0]?.to], mode: 'add', flags: ['\\Deleted'] });
  assert.deepEqual(await call('mailbox.expunge', inTrash), { uids: [moved.pairs[0]?.to] });
});
