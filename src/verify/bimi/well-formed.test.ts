import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xmlFault } from './well-formed.ts';

describe('well-formed XML', () => {
  for (const good of [
    '<a/>', '<a></a>', '<?xml version="1.0"?>\n<!-- c - c --><a b="1" c=\'2\'><d/>t &amp; &#65; &#x41;<![CDATA[<&]]></a>\n', '\ufeff<a/>', '<a xmlns:x="u"><x:b x:c="1"/></a>', '<a><b\n  c = "d>"\n/></a >', '<!DOCTYPE svg><a/>', '<ä/>', '<a xml:space="preserve"/>',
  ]) it(`is ${JSON.stringify(good)}`, () => assert.equal(xmlFault(good), undefined));

  for (const [bad, why] of [
    ['<a>', 'not closed'], ['<a><b></a>', '</a> closes'], ['</a>', 'closes'], ['<a/><a/>', 'second'], ['<a/>x', 'outside'], ['x<a/>', 'outside'], ['<a>&</a>', '&amp;'], ['<a>&nbsp;</a>', '&amp;'],
    ['<a b="&"/>', '&amp;'], ['<a b/>', 'broken'], ['<a b=c/>', 'broken'], ['<a b="<"/>', 'broken'], ['<a b="1" b="2"/>', 'twice'], ['<a b="1"c="2"/>', 'broken'], ['<1/>', 'no name'], ['<x:a/>', 'prefix'], ['<a x:b="1"/>', 'prefix'],
    ['<a><!-- a -- b --></a>', 'broken'], ['<a', 'broken'], ['<a>\n\n<', 'Line 3'], ['<!DOCTYPE a [<!ENTITY b "c">]><a/>', 'broken'],
  ] as const) it(`is not ${JSON.stringify(bad)}`, () => assert.ok(xmlFault(bad)?.includes(why), xmlFault(bad)));

  it('is told of hostile documents as well', () => {
    const many = 130_000;
    for (const hostile of ['<'.repeat(many), `<a${' '.repeat(many)}`, `<a ${'b'.repeat(many)}`, `<a${' b="c"'.repeat(many / 6)}`, `<!--${'-'.repeat(many)}`, `<!--${' '.repeat(many)}`, '<a>'.repeat(many / 3), `<a>${'&'.repeat(many)}`, `<![CDATA[${']'.repeat(many)}`]) {
      assert.ok(xmlFault(hostile) !== undefined);
    }
    assert.equal(xmlFault(`<a><!--${' '.repeat(many)}--></a>`), undefined);
  });
});
