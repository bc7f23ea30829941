import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Zones } from './zones.ts';
import { toAnswer } from './zone-record.ts';

test('a long TXT value is cut into character-strings, quoted ones are kept apart', () => {
  const long = toAnswer({ name: 'a.example', type: 'TXT', value: 'k'.repeat(600) });
  assert.deepEqual((long.type === 'TXT' ? (long.data as Buffer[]) : []).map((part) => part.length), [255, 255, 90]);
  const quoted = toAnswer({ name: 'a.example', type: 'TXT', value: '"v=spf1 " "say \\"hi\\""' });
  assert.deepEqual((quoted.type === 'TXT' ? (quoted.data as Buffer[]) : []).map(String), ['v=spf1 ', 'say "hi"']);
});

test('records of unknown types and short values are refused', () => {
  assert.throws(() => toAnswer({ name: 'a.example', type: 'HINFO', value: 'x' }), /HINFO/);
  assert.throws(() => toAnswer({ name: 'a.example', type: 'MX', value: '10' }), /too few/);
});

test('a record outside its zone is refused', () => {
  assert.throws(() => new Zones().load([{ apex: 'a.example', records: [{ name: 'b.example', type: 'A', value: '127.0.0.1' }] }]), /outside/);
});

test('a CNAME loop ends', () => {
  const zones = new Zones();
  zones.load([{ apex: 'a.example', records: [{ name: 'x.a.example', type: 'CNAME', value: 'y.a.example' }, { name: 'y.a.example', type: 'CNAME', value: 'x.a.example' }] }]);
  assert.ok(zones.lookup('x.a.example', 'A').answers.length < 20);
});

test('an answer is secure only if every zone on its way is', () => {
  const zones = new Zones();
  zones.load([
    { apex: 'a.example', secure: true, records: [{ name: 'x.a.example', type: 'CNAME', value: 'x.b.example' }, { name: 'z.a.example', type: 'A', value: '127.0.0.1' }] },
    { apex: 'b.example', records: [{ name: 'x.b.example', type: 'A', value: '127.0.0.1' }] },
  ]);
  assert.equal(zones.lookup('x.a.example', 'A').secure, false);
  assert.equal(zones.lookup('Z.A.example.', 'A').secure, true);
});
