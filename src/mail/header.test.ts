import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MIME_LIMITS } from '../base/mime-limits.ts';
import { allFields, firstField, foldField, headerEnd, parseHeader, removeFields } from './header.ts';
import { seeded } from '../../test/harness/seeded-input.ts';

const MESSAGE = Buffer.from('Received: a\r\nSubject: folded\r\n\tvalue here \r\nX-Empty:\r\nreceived : b\r\n\r\nbody: no field\r\n\r\n');

describe('parseHeader', () => {
  it('gives exact bytes, offsets, and unfolded values', () => {
    const { fields, bodyOffset, problems } = parseHeader(MESSAGE);
    assert.deepEqual(fields.map((field) => [field.name, field.value]), [['Received', 'a'], ['Subject', 'folded\tvalue here'], ['X-Empty', ''], ['received', 'b']]);
    assert.deepEqual(problems, []);
    assert.equal(MESSAGE.subarray(bodyOffset).toString(), 'body: no field\r\n\r\n');
    for (const field of fields) assert.equal(MESSAGE.subarray(field.start, field.end).toString(), field.raw.toString());
    assert.equal(firstField(fields, 'RECEIVED')?.value, 'a');
    assert.equal(allFields(fields, 'Received').length, 2);
  });

  it('keeps stray lines and says so', () => {
    const { fields, problems } = parseHeader(Buffer.from('From nobody\r\nA: 1\r\n: x\r\nb c: 2\r\n\r\n'));
    assert.deepEqual(fields.map((field) => field.lower), ['', 'a', '', '']);
    assert.equal(problems.length, 3);
  });

  it('reads UTF-8 as UTF-8 and the rest as latin1', () => {
    const { fields } = parseHeader(Buffer.concat([Buffer.from('A: ü\r\nB: '), Buffer.from([0xfc]), Buffer.from('\r\n\r\n')]));
    assert.deepEqual(fields.map((field) => field.value), ['ü', 'ü']);
  });

  it('ends at the first empty line, with bare LF too', () => {
    assert.equal(headerEnd(Buffer.from('A: 1\n\nB\r\n\r\n')), 6);
    assert.equal(headerEnd(Buffer.from('\r\nA')), 2);
    assert.equal(headerEnd(Buffer.from('A: 1\r\n')), -1);
    assert.equal(parseHeader(Buffer.from('A: 1')).bodyOffset, 4);
    assert.equal(parseHeader(Buffer.alloc(0)).fields.length, 0);
  });

  it('stops at the limit', () => {
    const { fields, problems } = parseHeader(Buffer.from('A: 1\r\n'.repeat(MIME_LIMITS.headerFieldsMax + 5)));
    assert.equal(fields.length, MIME_LIMITS.headerFieldsMax);
    assert.match(problems[0] ?? '', /more than/);
  });

  it('loses no byte of any input', () => {
    const random = seeded('header');
    for (let i = 0; i < 3000; i += 1) {
      const bytes = random.bytes('A: \r\n\t\n', 60);
      const { fields, bodyOffset } = parseHeader(bytes);
      const joined = Buffer.concat(fields.map((field) => field.raw));
      assert.deepEqual(joined, bytes.subarray(0, joined.length), random.note);
      assert.match(bytes.subarray(joined.length, bodyOffset).toString(), /^(?:\r?\n)?$/, random.note);
    }
  });
});

describe('foldField and removeFields', () => {
  it('folds at blanks and never lets a value add a line', () => {
    const folded = foldField('Subject', `${'word '.repeat(40)}\r\nBcc: evil@example.org`);
    for (const line of folded.trimEnd().split('\r\n')) assert.ok(line.length <= 78);
    const { fields } = parseHeader(Buffer.from(folded));
    assert.equal(fields.length, 1);
    assert.match(fields[0]?.value ?? '', /Bcc: evil/);
  });

  it('removes only what is picked', () => {
    assert.equal(removeFields(MESSAGE, (field) => field.lower === 'received').toString(), MESSAGE.toString().replace('Received: a\r\n', '').replace('received : b\r\n', ''));
    assert.equal(removeFields(MESSAGE, () => false), MESSAGE);
  });
});
