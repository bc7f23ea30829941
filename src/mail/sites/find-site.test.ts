import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSiteProfile, fitsPattern, SITE_PROFILES } from './find-site.ts';
import { siteTable } from './own-sites.ts';

/** MX hosts of the best preference, as published. */
const PUBLISHED: [key: string | undefined, hosts: string[]][] = [
  ['google', ['gmail-smtp-in.l.google.com']],
  ['google', ['aspmx.l.google.com']],
  ['google', ['smtp.google.com']],
  ['google', ['ASPMX2.GOOGLEMAIL.COM.']],
  ['outlook', ['outlook-com.olc.protection.outlook.com']],
  ['outlook', ['hotmail-com.olc.protection.outlook.com']],
  ['office365', ['contoso-com.mail.protection.outlook.com']],
  ['mx-microsoft', ['contoso-com.k-v1.mx.microsoft']],
  ['yahoo', ['mta5.am0.yahoodns.net', 'mta6.am0.yahoodns.net', 'mta7.am0.yahoodns.net']],
  ['yahoo', ['ff-ip4-mx-vip1.prodigy.am0.yahoodns.net']],
  ['yahoo-japan', ['mx1.mail.yahoo.co.jp', 'mx2.mail.yahoo.co.jp']],
  ['apple', ['mx01.mail.icloud.com', 'mx02.mail.icloud.com']],
  ['gmx', ['mx00.gmx.net', 'mx01.gmx.net']],
  ['gmx', ['mx-ha02.web.de', 'mx-ha03.web.de']],
  ['t-online', ['mx00.t-online.de', 'mx01.t-online.de']],
  ['orange', ['smtp-in.orange.fr']],
  ['mimecast-eu', ['eu-smtp-inbound-1.mimecast.com', 'eu-smtp-inbound-2.mimecast.com']],
  ['mimecast-us', ['us-smtp-inbound-1.mimecast.com']],
  ['mimecast', ['service-alpha-inbound-a.mimecast.com']],
  ['comcast', ['mx1.comcast.net', 'mx2h1.comcast.net']],
  ['barracuda', ['d12345a.ess.barracudanetworks.com', 'd12345b.ess.barracudanetworks.com']],
  ['qq', ['mx1.qq.com']],
  ['qq', ['mxbiz1.qq.com']],
  ['163', ['163mx01.mxmail.netease.com', '163mx02.mxmail.netease.com']],
  ['netvigator', ['imsmx1.netvigator.com']],
  ['proton', ['mail.protonmail.ch']],
  [undefined, ['mx.example.net']],
  [undefined, ['aspmx.l.google.com', 'mx.example.net']],
  [undefined, ['google.com.example.net']],
  [undefined, ['evilgoogle.com']],
  [undefined, []],
];

for (const [key, hosts] of PUBLISHED) {
  test(`${hosts.join(', ') || 'no host'} is ${key ?? 'no site of the table'}`, () => assert.equal(findSiteProfile(hosts)?.key, key));
}

test('patterns: a name, a suffix, one star', () => {
  assert.ok(fitsPattern('mx.example.net', 'mx.example.net'));
  assert.ok(!fitsPattern('a.mx.example.net', 'mx.example.net'));
  assert.ok(fitsPattern('a.example.net', '.example.net'));
  assert.ok(!fitsPattern('example.net', '.example.net'));
  assert.ok(fitsPattern('eu-7.example.net', 'eu-*.example.net'));
  assert.ok(!fitsPattern('eu-.example.net', 'eu-*.example.net'));
});

test('the table: one row per key, sensible figures, a source and a date for each', () => {
  assert.equal(new Set(SITE_PROFILES.map(({ key }) => key)).size, SITE_PROFILES.length);
  for (const { key, limits, warmUp, source, date } of SITE_PROFILES) {
    assert.match(key, /^[a-z0-9-]+$/);
    assert.ok(limits.connections >= 1 && limits.messagesPerConnection >= 1 && limits.connectionsPerMinute >= 1, key);
    assert.ok(source !== '' && /^\d{4}-\d\d$/.test(date), key);
    assert.ok((warmUp ?? [1]).every((figure, day, all) => figure >= 1 && (day === 0 || (figure > (all[day - 1] as number) && figure <= 2 * (all[day - 1] as number)))), `${key}: grows, at most doubling`);
  }
});

test('an administrator changes a row, adds one, and changes the default', () => {
  const { profiles, defaults } = siteTable([
    { key: 'default', limits: { messagesPerConnection: 30 } },
    { key: 'google', limits: { connections: 2 } },
    { key: 'ours', title: 'Our branch', mx: ['.branch.example'], limits: { connections: 50 } },
  ]);
  const google = findSiteProfile(['aspmx.l.google.com'], profiles);
  assert.equal(google?.limits.connections, 2);
  assert.equal(google?.limits.messagesPerConnection, 50);
  assert.equal(google?.tls, 'required');
  const ours = findSiteProfile(['mx.branch.example'], profiles);
  assert.deepEqual([ours?.key, ours?.limits.connections, ours?.limits.messagesPerConnection], ['ours', 50, 30]);
  assert.equal(defaults.messagesPerConnection, 30);
});
