import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { scanAddressList } from './address-list.ts';
import { addressKey, domainOf, formatMailbox, localPartOf, normalizeAddress, normalizeDomain, parseAddressList, parseMailbox, splitDetail } from './address.ts';

describe('parseMailbox', () => {
  const good: readonly [string, string, string][] = [
    ['Alice@Example.ORG', 'Alice', 'example.org'],
    ['a.b+c@x', 'a.b+c', 'x'],
    ['"a b"@x.org', 'a b', 'x.org'],
    ['"a\\"@\\\\"@x.org', 'a"@\\', 'x.org'],
    ['""@x.org', '', 'x.org'],
    ['a@[192.0.2.1]', 'a', '[192.0.2.1]'],
    ['a@[ipv6:2001:DB8::1]', 'a', '[IPv6:2001:db8::1]'],
    ['a@under_score.example', 'a', 'under_score.example'],
  ];
  for (const [text, localPart, domain] of good) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseMailbox(text), { localPart, domain });
      assert.deepEqual(parseMailbox(formatMailbox({ localPart, domain })), { localPart, domain });
    });
  }

  const bad = [
    '', 'a', '@x', 'a@', 'a@@x', '.a@x', 'a.@x', 'a..b@x', 'a b@x', 'a@x..y', 'a@-x.y', 'a@x-.y', 'a@x.', 'a@[1.2.3]', 'a@[1.2.3.4', 'a@[IPv6:fe80::1%eth0]',
    '"a@x', '"a"b@x', '"a\r\nb"@x', 'a\0@x', 'a@x\r\nRCPT TO:<b@y>', 'a<b@x', 'jörg@x.de', 'a@bücher.de', `${'a'.repeat(300)}@x`, `a@${'x'.repeat(64)}.de`, `a@${'x.'.repeat(140)}de`,
  ];
  for (const text of bad) it(`refuses ${JSON.stringify(text).slice(0, 50)}`, () => assert.equal(parseMailbox(text), undefined));

  it('reads internationalized addresses only with utf8', () => {
    assert.deepEqual(parseMailbox('jörg@Bücher.de', { utf8: true }), { localPart: 'jörg', domain: 'bücher.de' });
    assert.equal(parseMailbox('a@b\u0000ü.de', { utf8: true }), undefined);
  });
});

describe('normal forms', () => {
  it('compare domains by A-label and keep the case of the local part', () => {
    assert.equal(normalizeAddress('Jörg@BÜCHER.de'), 'Jörg@xn--bcher-kva.de');
    assert.equal(normalizeAddress('"Alice"@X.org'), 'Alice@x.org');
    assert.equal(addressKey('"Alice"@X.org'), 'alice@x.org');
    assert.equal(normalizeDomain('BÜCHER.de.'), 'xn--bcher-kva.de');
    assert.equal(normalizeAddress('Not An Address'), 'not an address');
  });
  it('cut addresses at the last @', () => {
    assert.equal(domainOf('"a@b"@c.org'), 'c.org');
    assert.equal(localPartOf('"a@b"@c.org'), '"a@b"');
    assert.equal(domainOf(''), '');
  });
  it('split the detail', () => {
    assert.deepEqual(splitDetail('alice+news+x'), { base: 'alice', detail: 'news+x' });
    assert.deepEqual(splitDetail('+alice'), { base: '+alice' });
    assert.deepEqual(splitDetail('alice'), { base: 'alice' });
  });
});

describe('parseAddressList', () => {
  it('reads RFC 5322 appendix A.5 with comments, groups and folds', () => {
    assert.deepEqual(parseAddressList('Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>'), [{ name: 'Pete', address: 'pete@silly.test' }]);
    assert.deepEqual(parseAddressList('A Group(Some people)\r\n     :Chris Jones <c@(Chris\'s host.)public.example>,\r\n joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)'), [
      { name: 'Chris Jones', address: 'c@public.example', group: 'A Group' },
      { address: 'joe@example.org', group: 'A Group' },
      { name: 'John', address: 'jdoe@one.test', group: 'A Group' },
    ]);
  });
  it('reads obsolete forms, routes, quotes and encoded words', () => {
    assert.deepEqual(parseAddressList('john . doe @ x.org (John), <@a,@b:c@D.org>, "Doe, J." <"j d"@x.org>, =?utf-8?q?J=C3=B6rg?= M <j@x>, ,'), [
      { name: 'John', address: 'john.doe@x.org' }, { address: 'c@d.org' }, { name: 'Doe, J.', address: '"j d"@x.org' }, { name: 'Jörg M', address: 'j@x' },
    ]);
  });
  it('keeps the route of an obsolete address for those who must repeat it', () =>
    assert.deepEqual(scanAddressList('<@a,@b:c@D.org>').tokens, [{ kind: 'mailbox', rawName: '', localPart: 'c', domain: 'd.org', rawDomain: 'D.org', route: '@a,@b' }]));
  it('keeps blanks that do not belong into an address, so that nobody writes to another one', () =>
    assert.deepEqual(parseAddressList('a@x.example b, <c@x.example d>').map(({ address }) => address), ['a@x.example b', 'c@x.example d']));
  it('finds both of two addresses without a comma', () =>
    assert.deepEqual(parseAddressList('A <a@x.example> B <b@y.example>, <c@x.example>d@y.example').map(({ address }) => address), ['a@x.example', 'b@y.example', 'c@x.example', 'd@y.example']));
  it('has no mailbox for undisclosed recipients', () => assert.deepEqual(parseAddressList('undisclosed-recipients:;'), []));
  it('says what is wrong', () => {
    for (const text of ['not an address', 'a@', '<a@b', '"a@b', 'a@b (c', 'a@b c@d', 'a b@c', '<a@b> <c@d>']) {
      assert.notDeepEqual(scanAddressList(text).problems, [], text);
    }
    for (const text of ['a@b', 'A <a@b>', 'A. B. (c) <a@b>, x@y', 'g:a@b;', 'a . b @ c']) assert.deepEqual(scanAddressList(text).problems, [], text);
  });
  it('survives anything, also what would keep a careless parser busy for hours', { timeout: 60_000 }, () => {
    const random = seeded('addresses');
    for (let i = 0; i < 3000; i += 1) {
      const text = random.pieces(['a', '@', '<', '>', '(', ')', '"', '\\', ',', ';', ':', '.', ' ', '[', ']', '=?utf-8?q?=41?=', '\r\n '], 30);
      const list = parseAddressList(text);
      assert.ok(list.every((entry) => typeof entry.address === 'string'), random.note);
      parseMailbox(text, { utf8: true });
      normalizeAddress(text);
    }
    for (const piece of ['(', '<', '"', 'a ', ':', '[', '\\"', ' <', '<a b ', '( ) a', '"a" b', '@ a ', '<a@b>c@d ']) scanAddressList(piece.repeat(200_000));
  });
});
