/** The deliverability checklist, number by number: every number has a check, and every check has a number. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHECKS } from './checks/all.ts';

/** By number, from host and address over DNS, TLS, message, content, reputation and bulk mail to receiving. */
const CHECKLIST: Readonly<Record<number, readonly string[]>> = {
  1: ['static-address'],
  2: ['port-25-out'],
  3: ['port-25-in'],
  4: ['ptr'],
  5: ['fcrdns'],
  6: ['own-name'],
  7: ['helo-name'],
  8: ['helo-stable'],
  9: ['helo-spf'],
  10: ['ipv6'],
  11: ['open-relay'],
  12: ['list-resolver'],
  13: ['several-addresses'],
  14: ['route-origin'],
  15: ['name-servers'],
  16: ['mx'],
  17: ['null-mx'],
  18: ['domain-exists'],
  19: ['spf-record'],
  20: ['spf-syntax'],
  21: ['spf-lookups'],
  22: ['spf-own'],
  23: ['spf-size'],
  24: ['spf-breadth'],
  25: ['dkim-published'],
  26: ['dkim-size'],
  27: ['dkim-age'],
  28: ['dmarc-record'],
  29: ['dmarc-policy'],
  30: ['dmarc-obsolete'],
  31: ['dmarc-reports'],
  32: ['reject-unsigned'],
  33: ['dnssec'],
  34: ['caa'],
  35: ['discovery'],
  36: ['names-without-mail'],
  37: ['bimi'],
  38: ['starttls'],
  39: ['certificate'],
  40: ['outbound-tls'],
  41: ['mta-sts'],
  42: ['tls-rpt'],
  43: ['tlsa'],
  44: ['message-spf'],
  45: ['message-dkim'],
  46: ['message-dmarc'],
  47: ['from-field'],
  48: ['date-and-id'],
  49: ['header-fields'],
  50: ['mime-validity', 'message-tls'],
  51: ['bounce-form'],
  52: ['forwarding'],
  53: ['spam-rules'],
  54: ['text-and-html'],
  55: ['links-answer'],
  56: ['honest-links'],
  57: ['link-domains'],
  58: ['spamhaus'],
  59: ['major-lists'],
  60: ['minor-lists'],
  61: ['domain-lists'],
  62: ['domain-age'],
  63: ['safe-browsing', 'sender-score'],
  64: ['one-click'],
  65: ['unsubscribe-works'],
  66: ['unsubscribe-honoured'],
  67: ['complaints'],
  68: ['enrolled'],
  69: ['bounces'],
  70: ['growth'],
  71: ['bulk-fields'],
  72: ['role-addresses'],
  73: ['sender-mailboxes'],
  74: ['queue-length'],
  75: ['placement'],
};

describe('the checklist', () => {
  const ids = CHECKS.map(({ id }) => id);

  it('has a check for every number from 1 to 75', () => {
    const numbers = Object.keys(CHECKLIST).map(Number).toSorted((a, b) => a - b);
    assert.deepEqual(numbers, Array.from({ length: 75 }, (_, at) => at + 1));
  });

  it('names checks that exist', () => {
    for (const [number, wanted] of Object.entries(CHECKLIST)) for (const id of wanted) assert.ok(ids.includes(id), `${number}: ${id}`);
  });

  it('names every check', () => {
    const named = new Set(Object.values(CHECKLIST).flat());
    assert.deepEqual(ids.filter((id) => !named.has(id)), []);
  });
});
