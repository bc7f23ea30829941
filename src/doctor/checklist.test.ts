/** The deliverability checklist, number by number: every number has a check, and every check has a number. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CHECKS } from './checks/all.ts';

interface Entry {
  readonly checks: readonly string[];
  /** Absent where the list sets a cap only: then a warning costs half of what the check says. */
  readonly weight?: number;
  readonly cap?: number;
}

/** By number, from host and address over DNS, TLS, message, content, reputation and bulk mail to receiving. */
const CHECKLIST: Readonly<Record<number, Entry>> = {
  1: { checks: ['static-address'], cap: 4 },
  2: { checks: ['port-25-out'], cap: 0 }, // Nothing leaves at all.
  3: { checks: ['port-25-in'], weight: 1 },
  4: { checks: ['ptr'], cap: 3 },
  5: { checks: ['fcrdns'], cap: 4 },
  6: { checks: ['own-name'], weight: 1 },
  7: { checks: ['helo-name'], weight: 1 },
  8: { checks: ['helo-stable'], weight: 0.5 },
  9: { checks: ['helo-spf'], weight: 0.3 },
  10: { checks: ['ipv6'], weight: 2 },
  11: { checks: ['open-relay'], cap: 1 },
  12: { checks: ['list-resolver'], weight: 0 }, // A gate: it decides whether others can be known.
  13: { checks: ['several-addresses'], weight: 1 },
  14: { checks: ['route-origin'], weight: 0.2 },
  15: { checks: ['name-servers'], weight: 0.5 },
  16: { checks: ['mx'], weight: 1 },
  17: { checks: ['null-mx'], cap: 2 },
  18: { checks: ['domain-exists'], cap: 3 },
  19: { checks: ['spf-record'], weight: 2 },
  20: { checks: ['spf-syntax'], weight: 1 },
  21: { checks: ['spf-lookups'], weight: 2 },
  22: { checks: ['spf-own'], weight: 2 },
  23: { checks: ['spf-size'], weight: 0.3 },
  24: { checks: ['spf-breadth'], weight: 0.5 },
  25: { checks: ['dkim-published'], weight: 3 },
  26: { checks: ['dkim-size'], weight: 1 },
  27: { checks: ['dkim-age'], weight: 0.3 },
  28: { checks: ['dmarc-record'], weight: 2 },
  29: { checks: ['dmarc-policy'], weight: 0.5 },
  30: { checks: ['dmarc-obsolete'], weight: 0.1 },
  31: { checks: ['dmarc-reports'], weight: 0.4 },
  32: { checks: ['reject-unsigned'], weight: 1 },
  33: { checks: ['dnssec'], cap: 3 },
  34: { checks: ['caa'], weight: 0.2 },
  35: { checks: ['discovery'], weight: 0.1 },
  36: { checks: ['names-without-mail'], weight: 0.2 },
  37: { checks: ['bimi'], weight: 0 },
  38: { checks: ['starttls'], weight: 1 },
  39: { checks: ['certificate'], weight: 0.7 },
  40: { checks: ['outbound-tls'], cap: 5 },
  41: { checks: ['mta-sts'], weight: 0.3 },
  42: { checks: ['tls-rpt'], weight: 0.2 },
  43: { checks: ['tlsa'], weight: 2 },
  44: { checks: ['message-spf'], weight: 1.5 },
  45: { checks: ['message-dkim'], weight: 2.5 },
  46: { checks: ['message-dmarc'], cap: 4 },
  47: { checks: ['from-field'], cap: 3 },
  48: { checks: ['date-and-id'], weight: 1 },
  49: { checks: ['header-fields'], weight: 1.5 },
  50: { checks: ['mime-validity'], weight: 1 },
  51: { checks: ['bounce-form'], weight: 0.5 },
  52: { checks: ['forwarding'], weight: 0.5 },
  // The list has no caps for these two; without them what every filter calls spam would be told to arrive.
  53: { checks: ['spam-rules'], weight: 2.5, cap: 4 },
  54: { checks: ['text-and-html'], weight: 0.5 },
  55: { checks: ['links-answer'], weight: 0.7 },
  56: { checks: ['honest-links'], weight: 0.7 },
  57: { checks: ['link-domains'], weight: 2.5, cap: 5 },
  58: { checks: ['spamhaus'], cap: 4 },
  59: { checks: ['major-lists'], weight: 1 },
  60: { checks: ['minor-lists'], weight: 0.6 },
  61: { checks: ['domain-lists'], cap: 4 },
  62: { checks: ['domain-age'], weight: 0.5 },
  63: { checks: ['safe-browsing', 'sender-score'], weight: 0.5 },
  64: { checks: ['one-click'], weight: 1 },
  65: { checks: ['unsubscribe-works'], weight: 0.5 },
  66: { checks: ['unsubscribe-honoured'], weight: 0.5 },
  67: { checks: ['complaints'], weight: 2 },
  68: { checks: ['enrolled'], weight: 0.5 },
  69: { checks: ['bounces'], weight: 1 },
  70: { checks: ['growth'], weight: 0.5 },
  71: { checks: ['bulk-fields'], weight: 0.1 },
  72: { checks: ['role-addresses'], weight: 0.5 },
  73: { checks: ['sender-mailboxes'], weight: 0.5 },
  74: { checks: ['queue-length'], weight: 0.3 },
  75: { checks: ['placement'], weight: 1 },
};

/** Beyond the list. */
const FURTHER: Readonly<Record<string, Omit<Entry, 'checks'>>> = {
  // What 40 is for the server, this is for one message that came to the mail-tester.
  'message-tls': { weight: 1, cap: 5 },
};

/** The list knows nothing between right and wrong. */
const NEVER_WARN = [3, 5, 8, 11, 12, 17, 18, 19, 25, 32, 46, 47, 49, 59, 65, 66, 72, 73];
/** The list finds nothing so wrong that it fails. */
const NEVER_FAIL = [30, 36];
/** Where we judge otherwise than the list, and why. */
const OTHERWISE: Readonly<Record<string, { readonly levels: string; readonly why: string }>> = {
  'helo-stable': { levels: 'warn fail', why: 'Who gave the server a new name on purpose sees one other name for a month; only several are what malware does.' },
  ipv6: { levels: 'fail', why: 'To send over IPv4 only is what the list itself advises, so that it is right.' },
  'dmarc-record': { levels: 'fail', why: 'A record that a subdomain inherits protects it as well as one of its own (RFC 9989).' },
  dnssec: { levels: 'fail', why: 'An unsigned domain loses no mail, and name servers that check no signatures see none.' },
  'message-dmarc': { levels: 'warn fail', why: 'SPF or DKIM aligned without a DMARC record is proven, yet not a pass.' },
  'unsubscribe-works': { levels: 'warn fail', why: 'A server that is down for the moment does not refuse.' },
  enrolled: { levels: 'warn', why: 'We know only what the configuration says of it: not known is never a failure.' },
  'safe-browsing': { levels: 'fail', why: 'Browsers warn, or they do not; the levels between are those of the Sender Score.' },
};
/** They hand on what the judges of verify/ and manage/ say, each with a test of its own beside it. */
const JUDGED_ELSEWHERE = new Set(['caa', 'discovery', 'bimi', 'mta-sts', 'tls-rpt', 'tlsa', 'spamhaus']);

describe('the checklist', () => {
  const ids = CHECKS.map(({ id }) => id);

  it('has a check for every number from 1 to 75', () => {
    const numbers = Object.keys(CHECKLIST).map(Number).toSorted((a, b) => a - b);
    assert.deepEqual(numbers, Array.from({ length: 75 }, (_, at) => at + 1));
  });

  it('names checks that exist', () => {
    for (const [number, { checks }] of Object.entries(CHECKLIST)) for (const id of checks) assert.ok(ids.includes(id), `${number}: ${id}`);
  });

  it('names every check', () => {
    const named = new Set([...Object.values(CHECKLIST).flatMap(({ checks }) => checks), ...Object.keys(FURTHER)]);
    assert.deepEqual(ids.filter((id) => !named.has(id)), []);
  });

  it('sets their weights and caps', () => {
    const entries = [...Object.values(CHECKLIST).flatMap(({ checks, ...entry }) => checks.map((id) => ({ id, ...entry }))), ...Object.entries(FURTHER).map(([id, entry]) => ({ id, ...entry }))];
    const byId = new Map(CHECKS.map((check) => [check.id, check]));
    for (const { id, weight, cap } of entries) {
      const check = byId.get(id);
      assert.equal(check?.cap, cap, `cap of ${id}`);
      if (weight !== undefined) assert.equal(check?.weight, weight, `weight of ${id}`);
      else assert.ok((check?.weight ?? 0) >= 1, `a failure of ${id} costs, a warning half of it`);
    }
  });

  it('warns and fails where the list does, or says why not', async () => {
    const sources = await sourcesById();
    for (const [number, { checks }] of Object.entries(CHECKLIST)) {
      for (const id of checks.filter((each) => !JUDGED_ELSEWHERE.has(each))) {
        const source = sources.get(id) ?? '';
        const levels = ['warn', 'fail'].filter((level) => new RegExp(`\\b${level}\\(|'${level}'`).test(source)).join(' ');
        assert.equal(levels, OTHERWISE[id]?.levels ?? levelsOf(Number(number)), `${number}: ${id}`);
      }
    }
  });
});

function levelsOf(number: number): string {
  if (NEVER_WARN.includes(number)) return 'fail';
  return NEVER_FAIL.includes(number) ? 'warn' : 'warn fail';
}

/** The file of each check, by its id. */
async function sourcesById(): Promise<ReadonlyMap<string, string>> {
  const folder = join(import.meta.dirname, 'checks');
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sources = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return new Map(sources.flatMap((source) => [...source.matchAll(/\bid: '([a-z0-9-]+)'/g)].map(([, id = '']) => [id, source] as const)));
}
