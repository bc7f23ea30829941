import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GUARD_LIMITS } from '../../base/guard-limits.ts';
import { guardNote, type NewsEntry } from './guard-note.ts';

const SINCE = Date.UTC(2026, 10, 21, 3, 4);
const ENTRY: NewsEntry = {
  kind: 'worse', check: 'spf-own', subject: 'example.org', from: 'pass', to: 'fail', since: SINCE, title: 'SPF for our addresses',
  why: 'Receivers refuse mail from addresses that SPF does not name.', text: 'SPF does not allow 192.0.2.7.', remedy: 'Publish this record instead.',
  record: 'example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.7 ~all"', link: 'https://www.rfc-editor.org/rfc/rfc7208',
};

describe('the note of the guard', () => {
  it('is none when there is nothing to tell', () => assert.equal(guardNote([], 'mail.example.org'), undefined));

  it('says what changed, since when, why it matters, and what to do', () => {
    const { subject, text } = guardNote([ENTRY], 'mail.example.org', { score: 7.5 }) ?? assert.fail();
    assert.equal(subject, 'mail.example.org: mail may not arrive: SPF for our addresses (example.org)');
    for (const part of ['was good', 'since 2026-11-21 03:04 UTC', ENTRY.why, ENTRY.text, ENTRY.remedy, ENTRY.record, ENTRY.link, 'posthorn doctor --only spf-own', '7.5 of 10']) assert.ok(text.includes(part as string), part);
  });

  it('tells good news as good news', () => {
    const { subject, text } = guardNote([{ ...ENTRY, kind: 'mended', from: 'fail', to: 'pass', text: 'SPF allows 192.0.2.7.' }], 'mail.example.org') ?? assert.fail();
    assert.equal(subject, 'mail.example.org: SPF for our addresses is mended');
    assert.match(text, /Mended\n=+\n\* SPF for our addresses: example\.org, good since/);
    assert.doesNotMatch(text, /for the worse/);
  });

  it('lets nobody who publishes records write lines of it', () => {
    const { text } = guardNote([{ ...ENTRY, text: 'x\r\n.\r\nSubject: hello\u202e' }], 'mail.example.org') ?? assert.fail();
    assert.ok(text.split('\n').every((line) => !line.startsWith('Subject')));
    assert.doesNotMatch(text, /\u202e|\r/);
  });

  it('counts what would make it too long', () => {
    const { text, subject } = guardNote(Array.from({ length: 500 }, (_, at) => ({ ...ENTRY, subject: `d${at}.example` })), 'mail.example.org') ?? assert.fail();
    assert.ok(text.includes(`and ${500 - GUARD_LIMITS.shownMax} more`));
    assert.match(subject, /and 499 more/);
  });

  it('writes each of several records in a line of its own, as they are pasted', () => {
    const { text } = guardNote([{ ...ENTRY, record: 'www.example.org. TXT "v=spf1 -all"\nwww.example.org. MX 0 .' }], 'mail.example.org') ?? assert.fail();
    assert.match(text, /Records to publish, each in one line:\n    www\.example\.org\. TXT "v=spf1 -all"\n    www\.example\.org\. MX 0 \.\n/);
  });

  it('does not call bad what nobody knows', () => {
    const unknown = Array.from({ length: 30 }, (_, at): NewsEntry => ({ ...ENTRY, subject: `d${at}.example`, kind: 'unknown', to: 'unknown', text: 'It could not be looked up now (timeout).' }));
    const { subject, text } = guardNote(unknown, 'mail.example.org', { score: 10 }) ?? assert.fail();
    assert.equal(subject, 'mail.example.org: 30 checks could not be made for days');
    assert.doesNotMatch(text, /worse|10 of 10/);
    assert.match(text, /Mostly the name servers that this server asks do not answer/);
    const again = guardNote(unknown.map((each) => ({ ...each, kind: 'known-again', to: 'pass' })), 'mail.example.org') ?? assert.fail();
    assert.equal(again.subject, 'mail.example.org: 30 checks can be made again');
    assert.doesNotMatch(again.text, /mended\./);
  });
});
