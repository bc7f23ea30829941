/** What hundreds of domains need alike is read once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanItem } from '../../publish/plan.ts';
import { paragraphs } from './alike-items.ts';

function item(domain: string, label: string, type: PlanItem['type'], value: string): PlanItem {
  const name = label === '' ? domain : `${label}.${domain}`;
  return { domain, name, type, action: 'add', after: { name, type, ttlSeconds: 300, values: [value] }, reason: 'is missing', risk: 'low', ours: [value], zone: { name: domain, id: `id of ${domain}` } };
}

const items = ['a', 'b', 'c', 'd'].flatMap((letter) => [
  item(`${letter}.example`, '', 'MX', '10 mail.host.example.'),
  item(`${letter}.example`, 's1._domainkey', 'TXT', `"v=DKIM1; k=rsa; p=${letter}AAA" "${letter}BBB=="`),
  ...(letter === 'c' ? [item('c.example', '', 'TXT', '"v=spf1 ~all"')] : []),
]);

test('what differs in the domain and its key alone is one paragraph; what one domain has alone is another', () => {
  const told = paragraphs(items, false);
  assert.deepEqual(told.map(({ domains, items: its }) => [domains.length, its.map(({ name, type }) => `${name} ${type}`)]), [
    [4, ['DOMAIN MX', 's1._domainkey.DOMAIN TXT']],
    [1, ['c.example TXT']],
  ]);
  assert.deepEqual(told[0]?.items[1]?.after?.values, ['"v=DKIM1; k=rsa; p=KEY"']);
});

test('three domains, and all in full, are told one by one', () => {
  assert.deepEqual(paragraphs(items.filter(({ domain }) => domain !== 'd.example'), false).map(({ domains }) => domains.join()), ['a.example', 'b.example', 'c.example']);
  assert.deepEqual(paragraphs(items, true).map(({ domains }) => domains.join()), ['a.example', 'b.example', 'c.example', 'd.example']);
});
