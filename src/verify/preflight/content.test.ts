import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { contentFindings } from './content.ts';

const dns = createZoneDns({ 'test.dbl.spamhaus.org': { A: ['127.0.1.2'] }, 'listed.example.dbl.spamhaus.org': { A: ['127.0.1.2'] } });
const find = async (subject: string, body: string): Promise<readonly string[]> => (await contentFindings(dns, Buffer.from(`From: a@example.org\r\nTo: b@example.net\r\nSubject: ${subject}\r\n\r\n${body}\r\n`))).map(({ id }) => id);

it('what an outgoing message says is found, and nothing in an ordinary one', async () => {
  assert.deepEqual(await find('Minutes', 'Here are the minutes: https://example.org/minutes'), []);
  assert.deepEqual(await find('Minutes', 'See https://www.listed.example/ for more.'), ['domain-listed']);
  assert.deepEqual(await find('Minutes', 'See https://bit.ly/abc for more.'), ['link-odd']);
  assert.deepEqual(await find('EARN MONEY AT ONCE', 'Make $ 900 a day, risk-free.'), ['content-spam']);
});
