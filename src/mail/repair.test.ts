import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { parseHeader } from './header.ts';
import { repairSubmission, type RepairResult } from './repair.ts';

const repair = (header: string, sender = 'alice@example.org'): RepairResult => repairSubmission({ header: Buffer.from(header), now: 0, hostname: 'mail.example.org', sender, id: '0abc' });
const COMPLETE = 'Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@x>\r\nFrom: A <a@example.org>\r\n';

describe('repairSubmission', () => {
  it('leaves a complete header alone, to the byte', () => {
    const header = Buffer.from(`${COMPLETE}\r\n`);
    const result = repairSubmission({ header, now: 0, hostname: 'h', sender: 'a@b' });
    assert.equal(result.header, header);
    assert.deepEqual([result.repaired, result.problems, result.from], [[], [], ['a@example.org']]);
  });

  it('adds what is missing', () => {
    const result = repair('Subject: x\r\n\r\n');
    assert.equal(result.header.toString(), 'Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <0abc@mail.example.org>\r\nFrom: alice@example.org\r\nSubject: x\r\n\r\n');
    assert.deepEqual(result.repaired, ['+Date', '+Message-ID', '+From']);
    assert.deepEqual(result.from, ['alice@example.org']);
  });

  it('takes Bcc, Resent-Bcc and Return-Path out, folded ones whole', () => {
    const result = repair(`${COMPLETE}Bcc: x@y,\r\n z@y\r\nTo: b@c\r\nresent-bcc: q@r\r\nReturn-Path: <a@b>\r\n\r\n`);
    assert.equal(result.header.toString(), `${COMPLETE}To: b@c\r\n\r\n`);
    assert.deepEqual(result.repaired, ['-Bcc', '-resent-bcc', '-Return-Path']);
  });

  it('gives a text without header one, and keeps the text', () => {
    assert.match(repair('just text\r\nmore: text\r\n\r\n').header.toString(), /From: alice@example\.org\r\n\r\njust text\r\nmore: text\r\n\r\n$/);
    assert.match(repair('Subject: x\r\nstray\r\n\r\n').header.toString(), /Subject: x\r\n\r\nstray\r\n\r\n$/);
    assert.match(repair('Subject: x').header.toString(), /Subject: x\r\n\r\n$/);
    assert.match(repair('').header.toString(), /From: alice@example\.org\r\n\r\n$/);
  });

  for (const [name, header, code] of [
    ['two From fields', `${COMPLETE}From: b@c\r\n\r\n`, 'from-repeated'],
    ['several authors', COMPLETE.replace('<a@', '<b@c>, <a@'), 'from-several'],
    ['no address', COMPLETE.replace('A <a@example.org>', 'somebody'), 'from-malformed'],
    ['an empty From', COMPLETE.replace('A <a@example.org>', ''), 'from-malformed'],
    ['a broken address', COMPLETE.replace('a@example.org', 'a@example..org'), 'from-malformed'],
    ['an address with blanks inside', COMPLETE.replace('A <a@example.org>', 'a b@example.org'), 'from-malformed'],
  ] as const) {
    it(`reports ${name} to be refused`, () => {
      const problem = repair(`${header}\r\n`).problems.find((candidate) => candidate.refuse);
      assert.equal(problem?.code, code);
    });
  }

  it('takes an author whose name has several words', () => {
    for (const author of ['Anna Maria Smith <a@example.org>', '"Anna" (Maria) Smith <a@example.org>', 'a@example.org (Anna Maria Smith)', 'a @ example.org']) {
      assert.deepEqual(repair(`${COMPLETE.replace('A <a@example.org>', author)}\r\n`).problems, [], author);
    }
  });

  it('does not invent an author for the null sender', () => {
    assert.equal(repair('Subject: x\r\n\r\n', '').problems[0]?.code, 'from-missing');
  });

  it('notes repeated fields and raw 8-bit without refusing', () => {
    const { problems } = repair(`${COMPLETE}Subject: ü\r\nSubject: b\r\n\r\n`);
    assert.deepEqual(problems.map(({ code, refuse }) => [code, refuse]), [['field-repeated', false], ['raw-8bit', false]]);
  });

  it('always ends with a readable header whatever came', () => {
    const random = seeded('repair');
    for (let i = 0; i < 2000; i += 1) {
      const result = repair(random.pieces(['From: a@b', 'Bcc: x', '\r\n', '\r\n', '\n', ' fold', 'stray', ':', 'Date: x\r\n'], 15));
      const { fields, problems } = parseHeader(result.header);
      assert.deepEqual(problems, [], random.note);
      assert.equal(fields.filter((field) => field.lower === 'bcc').length, 0, random.note);
      for (const name of ['date', 'message-id', 'from']) assert.ok(fields.some((field) => field.lower === name), random.note);
    }
  });
});
