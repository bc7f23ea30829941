import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCertificate } from '../../net/self-signed.ts';
import { judgeMark } from './check-bimi.ts';
import { svgProfileProblems } from './svg-profile.ts';

const svg = (inside: string, attributes = 'version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64"', before = ''): Buffer =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${before}<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${inside}</svg>`);
const GOOD = '<title>Example</title><g fill="#fff"><rect width="64" height="64"/><path d="M0 0h9"/><use href="#a"/></g>';

describe('SVG Tiny P/S', () => {
  it('takes what is in the profile', () => assert.deepEqual(svgProfileProblems(svg(GOOD)), []));

  for (const [name, bytes, pattern] of [
    ['no profile', svg(GOOD, 'version="1.2" viewBox="0 0 64 64"'), /baseProfile/],
    ['another version', svg(GOOD, 'version="1.1" baseProfile="tiny-ps" viewBox="0 0 64 64"'), /version="1\.2"/],
    ['x and y', svg(GOOD, 'version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64" x="0px" y="0px"'), /attribute x/],
    ['not square', svg(GOOD, 'version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 32"'), /not square/],
    ['no title', svg('<path d="M0 0"/>'), /<title>/],
    ['a script', svg(`${GOOD}<script>alert(1)</script>`), /<script>/],
    ['a picture', svg(`${GOOD}<image href="data:image/png;base64,AA=="/>`), /<image>/],
    ['an animation', svg(`${GOOD}<rect><animate/></rect>`), /<animate>/],
    ['a handler', svg(`${GOOD}<rect onclick="x()"/>`), /onclick/],
    ['a link outside', svg(`${GOOD}<use href="https://evil.example/x#a"/>`), /outside/],
    ['a fill from outside', svg(`${GOOD}<rect fill="url(https://evil.example/x)"/>`), /url/],
    ['a style', svg(`${GOOD}<rect style="fill:red"/>`), /style/],
    ['a DOCTYPE with entities', svg(GOOD, undefined, '<!DOCTYPE svg [<!ENTITY a "aaaa">]>\n'), /DOCTYPE/],
    ['too many bytes', svg(GOOD + ' '.repeat(40_000)), /bytes/],
    ['no SVG', Buffer.from('hello'), /no SVG/],
    ['HTML', Buffer.from('<html><svg></svg></html>'), /outermost/],
    ['an element that is not closed', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><title>x</title><g>'), /not closed/],
  ] as const) {
    it(`finds ${name}`, () => assert.match(svgProfileProblems(bytes).join('\n'), pattern));
  }

  it('stays quick with a deep and endless file', () => {
    assert.ok(svgProfileProblems(Buffer.from('<svg>' + '<g a="'.repeat(200_000))).length > 0);
    assert.ok(svgProfileProblems(Buffer.from('<g>'.repeat(500_000))).length > 0);
  });
});

describe('a mark certificate', () => {
  const now = Date.now();
  it('of the wrong kind, expired or none at all is told', () => {
    const question = { address: 'https://x.example/a.pem', domain: 'example.org', now };
    const told = (pem: string): string => judgeMark(Buffer.from(pem), question)[0]?.text ?? '';
    assert.match(told('hello'), /no certificate/);
    assert.match(told(createCertificate({ subject: 'x', altNames: ['example.org'] }).certificatePem), /not a mark certificate/);
    assert.match(told(createCertificate({ subject: 'x', altNames: ['example.org'], days: -2 }).certificatePem), /expired/);
  });
});
