import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readHtml } from './html-reading.ts';
import { likeness } from './likeness.ts';
import { linksInText, oddLinks, readLink, type Link } from './link.ts';

const hiddenIn = (html: string): string => readHtml(html).hidden;

describe('HTML as a reader sees it', () => {
  it('words, without what does not show', () => {
    const reading = readHtml('<html><head><title>T</title><style>p{}</style></head><body><p>One&nbsp;&amp; two</p><script>three()</script><p>four<br>five</p></body></html>');
    assert.equal(reading.text.replace(/\s+/g, ' '), 'One & two four five');
    assert.deepEqual([reading.hidden, reading.blocked.script], ['', 1]);
  });

  it('finds what is hidden, in whatever way', () => {
    for (const style of ['display:none', 'DISPLAY: none !important', 'visibility:hidden', 'font-size:0', 'font-size:1px', 'opacity:0', 'color:#fff', 'color:white;background:#FFFFFF', 'color: rgb(255, 255, 255)', 'max-height:0;overflow:hidden', 'mso-hide:all']) {
      assert.equal(hiddenIn(`<p>shown</p><div style="${style}">secret</div>`), 'secret', style);
    }
    for (const markup of ['<div hidden>secret</div>', '<font color="white">secret</font>', '<table bgcolor="#000000"><tr><td>secret</td></tr></table>']) assert.equal(hiddenIn(`<p>shown</p>${markup}`), 'secret', markup);
  });

  it('takes nothing for hidden that shows', () => {
    for (const markup of ['<td style="font-size:0"><p style="font-size:14px">shown</p></td>', '<div style="background:#000;color:#fff">shown</div>', '<td bgcolor="#003366"><font color="#ffffff">shown</font></td>', '<div class="dark"><p style="color:#fff">shown</p></div>', '<div style="background-image:url(x.png);color:#fff">shown</div>', '<p style="font-size:0.9em">shown</p>', '<p style="opacity:0.8">shown</p>', '<p style="max-height:0">shown</p>']) {
      assert.equal(hiddenIn(markup), '', markup);
    }
  });

  it('links with their words, images with what they say', () => {
    const { links, images } = readHtml('<a href="HTTPS://Example.ORG:443/a?b=1#c">Our <b>page</b></a><a href="mailto:x@example.org">mail</a><a href="https://example.org/p"><img src="p.png" alt="Picture"></a><img src="https://t.example/o.gif" width="1" height="1">');
    assert.deepEqual(links.map(({ url, text, path }) => [url, text, path]), [['https://example.org/a?b=1#c', 'Our page', '/a?b=1'], ['https://example.org/p', 'Picture', '/p']]);
    assert.deepEqual(images.map(({ alt, pixel }) => [alt, pixel]), [['Picture', false], [undefined, true]]);
  });
});

describe('links', () => {
  it('in plain text, without the punctuation of the sentence', () => {
    const urls = linksInText('See https://example.org/a, (http://example.org/b) and <https://example.org/c_(d)>. Or https://example.org/?q=1&r=2! httpx://no').map(({ url }) => url);
    assert.deepEqual(urls, ['https://example.org/a', 'http://example.org/b', 'https://example.org/c_(d)', 'https://example.org/?q=1&r=2']);
  });

  it('that are none', () => {
    for (const written of ['', 'javascript:alert(1)', 'https://', 'https://x', 'http://[zz]/', 'ftp://example.org/', `https://example.org/${'a'.repeat(3000)}`]) assert.equal(readLink(written, '', 'html'), undefined, written);
  });

  it('are odd only where they mislead', () => {
    const odd = (url: string, text = ''): readonly string[] => oddLinks([readLink(url, text, 'html') as Link]).map(({ oddity }) => oddity);
    assert.deepEqual(odd('https://click.example.org/x', 'www.example.org'), []);
    assert.deepEqual(odd('https://example.org/x', 'shop.example.org/offers'), []);
    assert.deepEqual(odd('https://example.org/x', 'See example.net for more'), []);
    assert.deepEqual(odd('https://bit.ly/'), []);
    assert.deepEqual(odd('https://example.co.uk/x', 'other.co.uk'), ['other-name-shown']);
    assert.deepEqual(odd('http://[2001:db8::1]/'), ['ip-address']);
    assert.deepEqual(odd('http://0xc0.0x235/'), ['ip-address']);
  });
});

describe('likeness', () => {
  it('compares words, not their order or links', () => {
    assert.equal(likeness('one two three four five https://example.org/x', 'Five four, three two one. Click here'), 1);
    assert.equal(likeness('one two three four five', 'six seven eight nine ten'), 0);
    assert.equal(likeness('one', 'two'), undefined);
  });
});
