import assert from 'node:assert/strict';
import { it } from 'node:test';
import { changedDmarc } from './dmarc-reading.ts';

const changed = (text: string, change: Parameters<typeof changedDmarc>[1]): string => changedDmarc({ record: { text }, from: 'example.org' }, change);

it('a finding about DMARC carries the whole record to publish, with what was right in it', () => {
  assert.equal(changed('v=DMARC1; p=reject; PCT = 50 ;ri=3600; rua=mailto:d@example.org;', { without: ['pct', 'rf', 'ri'] }), '_dmarc.example.org. TXT "v=DMARC1; p=reject; rua=mailto:d@example.org"');
  assert.equal(changed('v=DMARC1; p=none', { add: ['rua=mailto:dmarc@example.org'] }), '_dmarc.example.org. TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.org"');
});

it('what a stranger published stays one string of the record', () => {
  assert.equal(changed('v=DMARC1; p=none; x="\\', { add: [] }), '_dmarc.example.org. TXT "v=DMARC1; p=none; x=\\"\\\\"');
});
