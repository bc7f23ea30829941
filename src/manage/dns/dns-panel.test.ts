import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishableType } from '../../contract/dns-publishing.ts';
import { panelFields } from './dns-panel.ts';

function fields(name: string, type: PublishableType, value: string): string {
  return panelFields({ name, type, ttlSeconds: 3600 }, value, 'd.example').map(([title, content]) => `${title}=${content}`).join('|');
}

test('records as panels ask for them', () => {
  assert.equal(fields('d.example', 'MX', '10 mail.h.example.'), 'Name=@   (a panel that wants it whole: d.example)|Type=MX|Priority=10|Value=mail.h.example|TTL=3600');
  assert.equal(fields('d.example', 'MX', '0 .'), 'Name=@   (a panel that wants it whole: d.example)|Type=MX|Priority=0|Value=.|TTL=3600');
  assert.equal(fields('s._domainkey.d.example', 'TXT', '"v=DKIM1; " "n=\\"x\\""'), 'Name=s._domainkey   (a panel that wants it whole: s._domainkey.d.example)|Type=TXT|Value=v=DKIM1; n="x"|TTL=3600');
  assert.equal(fields('_imaps._tcp.d.example', 'SRV', '0 1 993 mail.h.example.').split('|').slice(2).join('|'), 'Priority=0|Weight=1|Port=993|Value=mail.h.example|TTL=3600');
  assert.equal(fields('d.example', 'CAA', '0 issue "ca.example"').split('|').slice(2).join('|'), 'Flags=0|Tag=issue|Value=ca.example|TTL=3600');
  assert.equal(fields('_25._tcp.mail.h.example', 'TLSA', '3 1 1 AABB'), 'Name=_25._tcp.mail.h.example|Type=TLSA|Usage=3|Selector=1|Matching=1|Value=aabb|TTL=3600');
});
