/** Sessions end soon after what they logged in with is taken away; those of others, and of other passwords, go on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ACCESS_LIMITS } from '../../src/base/access-limits.ts';
import { AdjustableClock } from '../../src/base/clock.ts';
import { eventually } from '../harness/lab-process.ts';
import { RawClient } from '../harness/raw-client.ts';
import { DOMAIN, startSmallServer, type SmallServer } from '../harness/small-server.ts';

let server: SmallServer;
const clock = new AdjustableClock();
const open: RawClient[] = [];

before(async () => {
  server = await startSmallServer({ clock, listen: ['imap = ["127.0.0.1:0"]', 'pop3 = ["127.0.0.1:0"]', 'sieve = ["127.0.0.1:0"]'], accounts: ['ann', 'ben', 'cem'] });
});

after(async () => {
  for (const client of open) client.destroy();
  await server.stop();
});

async function session(service: 'imap' | 'pop3' | 'sieve', user: string, password: string): Promise<RawClient> {
  const address = `${user}@${DOMAIN}`;
  const client = await RawClient.open('127.0.0.1', server.server.access?.addresses[service][0]?.port as number);
  open.push(client);
  if (service === 'imap') {
    await client.line();
    assert.match(await client.ask(`a LOGIN ${address} "${password}"`), /^a OK/);
    assert.equal(await client.ask('b IDLE'), '+ idling');
  } else if (service === 'pop3') {
    await client.line();
    await client.ask(`USER ${address}`);
    assert.match(await client.ask(`PASS ${password}`), /^\+OK/);
  } else {
    while (!(await client.line()).startsWith('OK'));
    assert.match(await client.ask(`AUTHENTICATE "PLAIN" "${Buffer.from(`\0${address}\0${password}`).toString('base64')}"`), /^OK/);
  }
  return client;
}

async function ended(client: RawClient, words: RegExp): Promise<void> {
  clock.advance(ACCESS_LIMITS.standingCheckMs);
  await eventually('the session to end', async () => client.closed);
  assert.match(await client.rest(), words);
}

async function appPassword(user: string, name: string): Promise<string> {
  return (await server.call<{ password: string }>('account.app-password-add', { address: `${user}@${DOMAIN}`, name })).password;
}

test('a removed app password ends its sessions of every service, and no other', async () => {
  const [phone, laptop] = [await appPassword('ann', 'phone'), await appPassword('ann', 'laptop')];
  const lost = [await session('imap', 'ann', phone), await session('pop3', 'ann', phone), await session('sieve', 'ann', phone)];
  const staying = [await session('imap', 'ann', laptop), await session('imap', 'ann', 'secret of ann'), await session('imap', 'ben', 'secret of ben')];
  await server.call('account.app-password-remove', { address: `ann@${DOMAIN}`, name: 'phone' });
  await ended(lost[0] as RawClient, /^\* BYE /);
  await ended(lost[1] as RawClient, /^-ERR \[AUTH\]/);
  await ended(lost[2] as RawClient, /^BYE /);
  for (const client of staying) assert.match(await client.ask('DONE'), /^b OK/);
});

test('a changed password ends what was opened with the old one; app passwords go on', async () => {
  const phone = await appPassword('ben', 'phone');
  const old = await session('imap', 'ben', 'secret of ben');
  const staying = await session('imap', 'ben', phone);
  await server.call('account.password', { address: `ben@${DOMAIN}`, password: 'a new secret' });
  await ended(old, /BYE/);
  const fresh = await session('imap', 'ben', 'a new secret');
  await server.call('account.add', { address: `dan@${DOMAIN}`, password: 'secret of dan' });
  clock.advance(ACCESS_LIMITS.standingCheckMs);
  for (const client of [fresh, staying]) assert.match(await client.ask('DONE'), /^b OK/);
});

test('a disabled account and a removed one have no sessions', async () => {
  const clients = [await session('imap', 'ben', 'a new secret'), await session('sieve', 'ben', 'a new secret')];
  await server.call('account.disable', { address: `ben@${DOMAIN}` });
  for (const client of clients) await ended(client, /BYE/);
  const gone = await session('imap', 'cem', 'secret of cem');
  await server.call('account.remove', { address: `cem@${DOMAIN}` });
  await ended(gone, /BYE/);
});
