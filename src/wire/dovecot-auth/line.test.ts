import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthLines, formatAuthLine, parseAuthLine, parseParameters } from './line.ts';

test('a line comes back as it went, whatever its fields hold', () => {
  const fields = ['AUTH', '1', 'PLAIN', 'a\tb\nc\rd\0e\x01f', 'resp=AGE='] as const;
  const line = formatAuthLine(fields);
  assert.equal(line.split('\n').length, 2);
  assert.deepEqual(parseAuthLine(line.slice(0, -1)), fields);
});

test('parameters with and without a value', () => {
  const parameters = parseParameters(['service=smtp', 'secured', 'resp=AA==']);
  assert.deepEqual([parameters.get('service'), parameters.get('secured'), parameters.get('resp'), parameters.get('x')], ['smtp', '', 'AA==', undefined]);
});

test('lines are cut from pieces, and bounded', () => {
  const lines = new AuthLines(10);
  assert.deepEqual(lines.take(Buffer.from('VERS')), []);
  assert.deepEqual(lines.take(Buffer.from('ION\t1\nCPID')), ['VERSION\t1']);
  assert.equal(lines.take(Buffer.from('\t12345678901')), undefined);
});
