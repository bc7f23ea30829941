import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import { mailHosts, type MailHostPorts } from './mail-hosts.ts';
import { createOwnHosts } from './own-hosts.ts';

const mx = (preference: number, exchange: string): { preference: number; exchange: string } => ({ preference, exchange });

function ports(zone: Record<string, readonly unknown[]>, changes: Partial<MailHostPorts> = {}): MailHostPorts & { asked: string[] } {
  const asked: string[] = [];
  const dns: Dns = {
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      asked.push(`${type} ${name}`);
      const records = zone[`${type} ${name}`];
      if (!records) return { kind: 'nodata', secure: false };
      return { kind: 'found', records: records as never, ttlSeconds: 1, secure: false, canonicalName: name };
    },
  };
  const own = createOwnHosts({ hostname: 'us.test', listen: { smtp: [{ address: '192.0.2.99', port: 25 }], submission: [], submissions: [] }, outbound: { protocols: [], port: 25, ips: [] } });
  return { dns, own, protocols: ['ipv6', 'ipv4'], asked, ...changes };
}

async function list(made: MailHostPorts, domain = 'a.test'): Promise<string[]> {
  const found: string[] = [];
  for await (const step of mailHosts(made, domain)) found.push(step.kind === 'host' ? `${step.host.mx} ${step.host.address}` : `${step.mx}: ${step.judgement.reply.enhanced}`);
  return found;
}

test('families take turns, the configured first one first', async () => {
  const zone = { 'MX a.test': [mx(1, 'm.test')], 'A m.test': ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 'AAAA m.test': ['2001:db8::1'] };
  assert.deepEqual(await list(ports(zone)), ['m.test 2001:db8::1', 'm.test 192.0.2.1', 'm.test 192.0.2.2', 'm.test 192.0.2.3']);
  assert.deepEqual((await list(ports(zone, { protocols: ['ipv4', 'ipv6'] }))).slice(0, 2), ['m.test 192.0.2.1', 'm.test 2001:db8::1']);
  assert.deepEqual(await list(ports(zone, { protocols: ['ipv6'] })), ['m.test 2001:db8::1']);
});

test('equal preferences are shuffled, others never', async () => {
  const zone: Record<string, readonly unknown[]> = { 'MX a.test': [mx(5, 'late.test'), mx(1, 'b.test'), mx(1, 'c.test')] };
  for (const name of ['late', 'b', 'c']) zone[`A ${name}.test`] = ['192.0.2.1'];
  const orders = new Set<string>();
  for (const value of [0, 0.99]) orders.add((await list(ports(zone, { protocols: ['ipv4'], random: () => value }))).map((one) => one.split('.')[0]).join(' '));
  assert.deepEqual([...orders].toSorted(), ['b c late', 'c b late']);
});

test('hosts are looked up one preference at a time', async () => {
  const zone = { 'MX a.test': [mx(1, 'one.test'), mx(2, 'two.test')], 'A one.test': ['192.0.2.1'], 'A two.test': ['192.0.2.2'] };
  const made = ports(zone, { protocols: ['ipv4'] });
  for await (const step of mailHosts(made, 'a.test')) {
    assert.equal(step.kind, 'host');
    break;
  }
  assert.deepEqual(made.asked, ['MX a.test', 'A one.test']);
});

test('hundreds of MX hosts and addresses are bounded', async () => {
  const zone: Record<string, readonly unknown[]> = { 'MX a.test': Array.from({ length: 300 }, (_, index) => mx(index % 3, `m${index}.test`)) };
  for (let index = 0; index < 300; index += 1) zone[`A m${index}.test`] = Array.from({ length: 50 }, (_, last) => `192.0.2.${last}`);
  assert.equal((await list(ports(zone, { protocols: ['ipv4'] }))).length, 10 * 5);
});

test('ourselves in the list: we and what is no better than us are left out', async () => {
  const zone = { 'MX a.test': [mx(1, 'one.test'), mx(2, 'x.test'), mx(2, 'same.test'), mx(3, 'worse.test')], 'A one.test': ['192.0.2.1'], 'A x.test': ['192.0.2.99'], 'A same.test': ['192.0.2.2'], 'A worse.test': ['192.0.2.3'] };
  assert.deepEqual(await list(ports(zone, { protocols: ['ipv4'] })), ['one.test 192.0.2.1']);
  assert.deepEqual(await list(ports({ 'MX a.test': [mx(1, 'us.test')] })), ['a.test: 5.4.6']);
  assert.deepEqual(await list(ports({}), '[192.0.2.99]'), ['[192.0.2.99]: 5.4.6']);
});

test('address literals', async () => {
  assert.deepEqual(await list(ports({}), '[192.0.2.1]'), ['[192.0.2.1] 192.0.2.1']);
  assert.deepEqual(await list(ports({}), '[IPv6:2001:db8::1]'), ['[IPv6:2001:db8::1] 2001:db8::1']);
  for (const bad of ['[0.0.0.0]', '[224.0.0.1]', '[x]', '[]', '[IPv6:::]', '[IPv6:::ffff:192.0.2.99]', '[IPv6:0:0:0:0:0:FFFF:C000:263]']) assert.deepEqual(await list(ports({}), bad), [`${bad}: 5.1.2`], bad);
});

test('a stranger whose MX is a loopback address does not lead a server that others reach to its own services', async () => {
  const zone = { 'MX a.test': [mx(1, 'm.test')], 'A m.test': ['127.0.0.7'] };
  assert.deepEqual(await list(ports(zone)), ['a.test: 5.4.6']);
});

test('a stranger whose MX is our own address, written as an IPv6 address, does not send its mail round in circles', async () => {
  const zone = { 'MX a.test': [mx(1, 'm.test')], 'AAAA m.test': ['::ffff:c000:263'] };
  assert.deepEqual(await list(ports(zone)), ['m.test: 5.4.4']);
});

test('an address that no mail can go to is named', async () => {
  const texts: string[] = [];
  for await (const step of mailHosts(ports({ 'MX a.test': [mx(1, 'm.test')], 'A m.test': ['0.0.0.0'] }), 'a.test')) if (step.kind === 'dead') texts.push(step.judgement.reply.text);
  assert.deepEqual(texts, ['the only address of m.test is 0.0.0.0, to which no mail can go']);
});
