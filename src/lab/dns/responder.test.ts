import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import dnsPacket from 'dns-packet';
import { interpretQuery, respond } from './responder.ts';
import { Zones } from './zones.ts';

test('a response is never answered, rubbish gets FORMERR or nothing', () => {
  const query = dnsPacket.encode({ type: 'query', id: 7, questions: [{ name: 'a.example', type: 'A' }] });
  query.writeUInt8(query.readUInt8(2) | 0x80, 2);
  assert.deepEqual(interpretQuery(query), { kind: 'bad' });
  assert.deepEqual(interpretQuery(Buffer.from('short')), { kind: 'bad' });
});

test('random bytes never throw', () => {
  const seed = randomBytes(4).readUInt32BE();
  console.log(`seed ${seed}`);
  const zones = new Zones();
  zones.load([]);
  for (let round = 0; round < 2000; round++) {
    const bytes = randomBytes(12 + (round % 60));
    bytes.writeUInt16BE(0x0100, 2);
    bytes.writeUInt16BE(round % 3, 4);
    const found = interpretQuery(bytes);
    if (found.kind === 'query') respond(zones, found.packet, 'udp', 'none');
  }
});
