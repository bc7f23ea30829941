import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeader } from './header.ts';
import { isTlsOptional } from './tls-required.ts';

const read = (header: string): boolean => isTlsOptional(parseHeader(Buffer.from(`${header}\r\n\r\n`)).fields);

test('only the one value of RFC 8689, once, makes TLS optional', () => {
  for (const header of ['TLS-Required: No', 'tls-required:no ', 'From: a@b.example\r\nTLS-Required:\r\n NO']) assert.equal(read(header), true, header);
  for (const header of ['From: a@b.example', 'TLS-Required: Yes', 'TLS-Required: No way', 'TLS-Required:', 'TLS-Required: No\r\nTLS-Required: No']) assert.equal(read(header), false, header);
});
