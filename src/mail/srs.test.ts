import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SRS_LIMITS } from '../base/limits.ts';
import { parseMailbox } from './address.ts';
import { dayOf, isSrsAddress, readSrsAddress, srsAddress, usableKeys, type SrsKey } from './srs.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20, 21);
const KEY: SrsKey = { id: '20261101', secret: Buffer.from('the secret of this server'), createdAt: NOW - 10 * DAY };
const reading = { keys: [KEY], now: NOW };

function whole(sender: string, domain = 'example.org', key = KEY, now = NOW): string {
  const made = srsAddress(sender, domain, key, now);
  assert.equal(made.kind, 'whole', sender);
  return made.address;
}

describe('srs', () => {
  it('writes days as others do', () => {
    // The day of the test vectors that PostSRSd publishes (SRS0=vmyz=2W=otherdomain.com=test@example.com).
    assert.equal(dayOf(1_577_836_860_000), '2W');
    assert.equal(dayOf(0), 'AA');
    assert.equal(dayOf(1024 * DAY), 'AA');
  });

  it('rewrites and reads back', () => {
    const address = whole('bob@Example.NET');
    assert.match(address, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=example\.net=bob@example\.org$/);
    assert.deepEqual(readSrsAddress(address, reading), { kind: 'sender', sender: 'bob@example.net' });
    for (const sender of ['a=b=c@x.test', 'SRS@x.test', 'srs0@x.test', "o'neill+tag@x.test", 'bounces-1@sub.deep.x.test']) {
      assert.deepEqual(readSrsAddress(whole(sender), reading), { kind: 'sender', sender });
    }
  });

  it('survives a change of case and of the separator', () => {
    const address = whole('Bob.Smith@example.net');
    assert.deepEqual(readSrsAddress(address.toLowerCase(), reading), { kind: 'sender', sender: 'bob.smith@example.net' });
    assert.deepEqual(readSrsAddress(address.toUpperCase(), reading), { kind: 'sender', sender: 'BOB.SMITH@EXAMPLE.NET' });
    assert.equal(readSrsAddress(address.replace('SRS0=', 'SRS0+'), reading).kind, 'sender');
    assert.equal(readSrsAddress(address.replace('SRS0=', 'srs0-'), reading).kind, 'sender');
  });

  it('notices every other change', () => {
    const address = whole('bob@example.net');
    const at = address.lastIndexOf('@');
    for (let index = 5; index < at; index += 1) {
      const changed = `${address.slice(0, index)}${address[index] === '1' ? '2' : '1'}${address.slice(index + 1)}`;
      assert.notEqual(readSrsAddress(changed, reading).kind, 'sender', changed);
    }
    for (const text of ['SRS0=', 'SRS0==', 'SRS0====', 'SRS0=A=B', 'SRS0=ABCDEF=A!=x=y', 'SRS1=', 'SRS1=A=B==', 'SRS1==='] ) {
      assert.equal(readSrsAddress(`${text}@example.org`, reading).kind, 'forged', text);
    }
    assert.equal(readSrsAddress('bob@example.org', reading).kind, 'other');
    assert.equal(isSrsAddress('srs-team@example.org'), false);
  });

  it('expires', () => {
    const address = whole('bob@example.net');
    assert.equal(readSrsAddress(address, { ...reading, now: NOW + SRS_LIMITS.validDays * DAY }).kind, 'sender');
    const late = readSrsAddress(address, { ...reading, now: NOW + (SRS_LIMITS.validDays + 1) * DAY });
    assert.equal(late.kind, 'expired');
    assert.equal(readSrsAddress(address, { ...reading, now: NOW - DAY }).kind, 'sender', 'clocks that differ');
    assert.equal(readSrsAddress(address, { ...reading, now: NOW - 3 * DAY }).kind, 'expired');
  });

  it('rewrites what others rewrote so that bounces go to the first', () => {
    const first = whole('bob@example.net', 'first.test');
    const second = whole(first, 'second.test');
    assert.match(second, /^SRS1=[A-Z2-7]{6}=first\.test==[A-Z2-7]{6}=[A-Z2-7]{2}=example\.net=bob@second\.test$/);
    const third = whole(second, 'third.test');
    assert.match(third, /^SRS1=[A-Z2-7]{6}=first\.test==/);
    for (const address of [second, third, third.toLowerCase()]) {
      const read = readSrsAddress(address, reading);
      assert.equal(read.kind === 'sender' && read.sender.toLowerCase(), first.toLowerCase());
    }
    assert.equal(readSrsAddress(second.replace('first.test', 'evil.test'), reading).kind, 'forged');
    // Another implementation's separators are kept for it.
    const foreign = whole('SRS0+abcd=2W=example.net=bob@first.test', 'second.test');
    assert.deepEqual(readSrsAddress(foreign, reading), { kind: 'sender', sender: 'SRS0+abcd=2W=example.net=bob@first.test' });
  });

  it('names long and quoted senders by a token', () => {
    for (const sender of [`${'x'.repeat(50)}@example.net`, '"john doe"@example.net', 'büro@example.net', '"a@b"@[192.0.2.1]', `SRS0=abcd=2W=${'y'.repeat(40)}.test=b@first.test`]) {
      const made = srsAddress(sender, 'example.org', KEY, NOW);
      assert.equal(made.kind, 'stored', sender);
      assert.match(made.address, /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}==[A-Z2-7]{24}@example\.org$/);
      assert.ok(parseMailbox(made.address));
      assert.deepEqual(readSrsAddress(made.address.toLowerCase(), reading), { kind: 'stored', token: made.kind === 'stored' ? made.token : '' });
    }
    const last = `${'x'.repeat(64 - 'SRS0=HHHHHH=TT=example.net='.length)}@example.net`;
    assert.equal(srsAddress(last, 'example.org', KEY, NOW).kind, 'whole');
    assert.equal(srsAddress(`x${last}`, 'example.org', KEY, NOW).kind, 'stored');
  });

  it('changes keys without losing bounces', () => {
    const newer: SrsKey = { id: 'new', secret: Buffer.from('another secret'), createdAt: NOW };
    const address = whole('bob@example.net');
    assert.equal(readSrsAddress(address, { keys: [newer, KEY], now: NOW }).kind, 'sender');
    assert.equal(readSrsAddress(address, { keys: [newer], now: NOW }).kind, 'forged');
    assert.deepEqual(usableKeys([KEY, newer], NOW).map(({ id }) => id), ['new', '20261101']);
    assert.deepEqual(usableKeys([KEY, newer], NOW + 22 * DAY).map(({ id }) => id), ['new']);
    assert.deepEqual(usableKeys([KEY], NOW + 4000 * DAY), [KEY]);
  });
});
