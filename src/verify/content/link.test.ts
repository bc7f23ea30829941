import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { oddLinks, readLink, type Link } from './link.ts';
import { looksLikeAnother } from './look-alike.ts';

const odd = (url: string, text = ''): readonly string[] => oddLinks([readLink(url, text, 'html') as Link]).map(({ oddity }) => oddity);

describe('links that mislead', () => {
  it('sees host names that imitate others by letters of another script', () => {
    for (const url of ['https://аpple.com/', 'https://xn--80ak6aa92e.com/', 'https://www.pаypal.com/login', 'https://gοοgle.com/']) assert.deepEqual(odd(url), ['look-alike'], url);
    for (const host of ['bücher.example', 'пример.рф', 'почта.рф', 'παράδειγμα.ελ', '例え.jp', 'пошта.com', 'straße.de', 'café.fr', 'яндекс.com']) assert.equal(looksLikeAnother(new URL(`https://${host}/`).hostname), false, host);
  });

  it('compares what is shown in another script as the name that it is', () => {
    assert.deepEqual(odd('https://evil.example/', 'аpple.com'), ['other-name-shown']);
    assert.deepEqual(odd('https://xn--bcher-kva.example/', 'bücher.example'), []);
    assert.deepEqual(odd('https://xn--80ak6aa92e.com/', 'apple.com'), ['other-name-shown', 'look-alike']);
    for (const text of ['Größe.Farbe und mehr', 'Schöne Grüße.', '«…»', 'z.B.', '第1章.読む']) assert.deepEqual(odd('https://a.example/', text), [], text);
  });

  it('sees user names before the host, and never gives them out as the host', () => {
    for (const url of ['https://www.bank.example@evil.example/', 'https://bank.example:443@evil.example/', 'https://bank.example%2f@evil.example/']) {
      assert.equal(readLink(url, '', 'html')?.host, 'evil.example');
      assert.deepEqual(odd(url), ['credentials']);
    }
    assert.equal(readLink('https://evil.example\\@bank.example/', '', 'html')?.host, 'evil.example');
  });

  it('takes addresses in every disguise for addresses', () => {
    for (const [url, host] of [['http://3221226219/', '192.0.2.235'], ['http://0xc0.0x235/', '192.0.2.53'], ['http://0300.0.2.1/', '192.0.2.1'], ['http://[::ffff:192.0.2.1]/', '::ffff:c000:201']] as const) {
      assert.equal(readLink(url, '', 'html')?.host, host);
      assert.deepEqual(odd(url), ['ip-address']);
    }
  });
});
