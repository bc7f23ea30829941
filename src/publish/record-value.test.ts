import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absoluteValue, canonicalValue, nameFromZone, nameInZone, readTxt, sameValues, tidyValue, writeTxt } from './record-value.ts';

test('TXT: octets are what counts, not how they are cut or escaped', () => {
  const text = `${'a'.repeat(300)}"\\é`;
  const written = writeTxt(Buffer.from(text));
  assert.equal(written, `"${'a'.repeat(255)}" "${'a'.repeat(45)}\\"\\\\\\195\\169"`);
  assert.equal(readTxt(written)?.toString(), text);
  assert.equal(writeTxt(Buffer.from('é'), 8), '"\\303\\251"');
  assert.equal(readTxt('"\\303\\251"', 8)?.toString(), 'é');
  assert.equal(writeTxt(Buffer.alloc(0)), '""');
  assert.ok(sameValues('TXT', ['"v=spf1 " "-all"'], ['"v=spf1 -all"']));
  for (const broken of ['"open', '"\\999"', '"\\']) assert.equal(readTxt(broken), undefined, broken);
});

test('one spelling for each meaning', () => {
  assert.equal(canonicalValue('AAAA', '2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  assert.equal(canonicalValue('MX', '010 Mail.Example.ORG.'), '10 mail.example.org.');
  assert.equal(canonicalValue('CAA', '0 ISSUE letsencrypt.org'), '0 issue "letsencrypt.org"');
  assert.equal(canonicalValue('CAA', '0 issue "ca.example;  a=b"'), '0 issue "ca.example;  a=b"');
  assert.equal(canonicalValue('TLSA', '3 1 1 ABCD ef01'), '3 1 1 abcdef01');
  assert.equal(canonicalValue('HTTPS', '1 . alpn="h2"'), '1 . alpn="h2"');
  assert.ok(!sameValues('A', ['192.0.2.1'], ['192.0.2.1', '192.0.2.2']));
});

test('values of others keep the cut of their strings', () => {
  assert.equal(tidyValue('TXT', '"abc\\"def" "second string" third'), '"abc\\"def" "second string" "third"');
  assert.equal(tidyValue('TXT', '"" "a"'), '"" "a"');
});

test('what cannot be read keeps its own spelling', () => {
  for (const [type, value] of [['MX', 'ten mail.'], ['SRV', '1 2 99999 host.'], ['CAA', '999 issue "x"'], ['TLSA', '3 1 1 xyz'], ['AAAA', 'no']] as const) assert.equal(canonicalValue(type, value), value);
});

test('names and hosts, whole and within a zone', () => {
  assert.equal(nameInZone('example.org', 'example.org'), '');
  assert.equal(nameInZone('_dmarc.example.org', 'example.org'), '_dmarc');
  assert.equal(nameFromZone('@', 'example.org'), 'example.org');
  assert.equal(nameFromZone('*', 'example.org'), '*.example.org');
  assert.equal(absoluteValue('MX', '10 mail', 'example.org'), '10 mail.example.org.');
  assert.equal(absoluteValue('CNAME', '@', 'example.org'), 'example.org.');
  assert.equal(absoluteValue('SRV', '0 1 993 mail.example.net.', 'example.org'), '0 1 993 mail.example.net.');
});
