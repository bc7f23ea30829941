import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementAt, elementsAt, escapeXml, readXml } from './plain-xml.ts';

test('elements, attributes passed over, entities', () => {
  const root = readXml('<?xml version="1.0"?>\n<a x="1"><b>1 &lt; 2 &#38; &#x33;</b><b/><c><d>"&quot;</d></c></a>');
  assert.equal(elementAt(root, 'b')?.text, '1 < 2 & 3');
  assert.equal(elementsAt(root, 'b').length, 2);
  assert.equal(elementAt(root, 'c', 'd')?.text, '""');
  assert.equal(elementAt(root, 'c', 'x', 'y'), undefined);
  assert.equal(readXml(`<v>${escapeXml('a<b>&"\'')}</v>`)?.text, 'a<b>&"\'');
});

test('what is no such document', () => {
  for (const text of ['', 'text', '<a>', '<a></b>', '</a>', '<!DOCTYPE a><a/>', '<a', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`, `<${'a'.repeat(200_000)}`]) assert.equal(readXml(text), undefined, text.slice(0, 30));
});
