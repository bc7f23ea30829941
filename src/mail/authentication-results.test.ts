import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '../../test/harness/seeded-random.ts';
import { buildAuthenticationResults, forgedAuthenticationResults, parseAuthenticationResults } from './authentication-results.ts';
import { parseHeader } from './header.ts';

function read(bytes: Buffer) {
  const { fields, problems } = parseHeader(Buffer.concat([bytes, Buffer.from('\r\n')]));
  assert.deepEqual(problems, []);
  assert.equal(fields.length, 1);
  return parseAuthenticationResults(fields[0]?.value ?? '');
}

test('what is built can be read again, line by line at most 78 characters', () => {
  const results = [
    { method: 'iprev', result: 'pass', properties: [{ type: 'policy', property: 'iprev', value: '192.0.2.1' }] },
    { method: 'spf', result: 'fail', comment: '192.0.2.1 may not send for example.net by "-all"', properties: [{ type: 'smtp', property: 'mailfrom', value: 'bounces+alice=example.org@example.net' }] },
    {
      method: 'dkim',
      result: 'fail',
      reason: 'body hash did not verify: the body was changed, and this is told at a length that no line of 78 characters can hold',
      properties: [
        { type: 'header', property: 'd', value: 'example.net' },
        { type: 'header', property: 'b', value: 'F45dVW/+' },
      ],
    },
  ];
  const bytes = buildAuthenticationResults({ authservId: 'mail.example.org', results });
  for (const line of bytes.toString().split('\r\n')) assert.ok(line.length <= 78, line);
  const parsed = read(bytes);
  assert.deepEqual(parsed, { authservId: 'mail.example.org', results: results.map(({ method, result, reason, properties }) => ({ method, result, ...(reason && { reason }), properties })) });
});

test('no method at all is written as none', () => {
  const bytes = buildAuthenticationResults({ authservId: 'mail.example.org', results: [] });
  assert.equal(bytes.toString(), 'Authentication-Results: mail.example.org; none\r\n');
  assert.deepEqual(read(bytes), { authservId: 'mail.example.org', results: [] });
});

test('values from strangers cannot break out', () => {
  const nasty = 'x\r\nBcc: y; dmarc=pass (a\\) "q" \u00e9';
  const bytes = buildAuthenticationResults({
    authservId: 'mail.example.org',
    results: [{ method: 'spf', result: 'fail', comment: nasty, reason: nasty, properties: [{ type: 'smtp', property: 'mailfrom', value: nasty }] }],
  });
  const parsed = read(bytes);
  assert.equal(parsed?.results.length, 1);
  assert.equal(parsed?.results[0]?.result, 'fail');
  assert.match(bytes.toString(), /^[\t\r\n\x20-\x7e]*$/);
});

test('a sender cannot add a result for readers that do not know quotes inside quotes', () => {
  const [mailfrom, comment] = ['x"; dmarc=pass header.from=bank.example ("@evil.example', 'no ) ; dkim=pass header.d=bank.example ('];
  const text = buildAuthenticationResults({ authservId: 'mail.example.org', results: [{ method: 'spf', result: 'fail', comment, properties: [{ type: 'smtp', property: 'mailfrom', value: mailfrom }] }] }).toString();
  assert.equal(text.split(';').length, 2, text);
  assert.deepEqual([text.split('"').length, text.includes('\\')], [3, false], text);
});

/** Forms found in the wild and in RFC 8601 Appendix B. */
const READ: [text: string, expected: string | undefined][] = [
  ['example.org 1; none', 'example.org 1:'],
  ['example.com; spf=pass smtp.mailfrom=example.net', 'example.com: spf=pass smtp.mailfrom=example.net'],
  ['example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=fail smtp.mailfrom=example.net', 'example.com: auth=pass smtp.auth=sender@example.net spf=fail smtp.mailfrom=example.net'],
  [
    'foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn\'t expecting it) 1362471462',
    'foo.example.net 1: dkim=fail policy.expired=1362471462',
  ],
  ['example.com; spf=pass smtp.mailfrom="a b\\""@example.net; dkim=pass', 'example.com: spf=pass smtp.mailfrom="a b\\""@example.net dkim=pass'],
  ['example.com; dkim=pass header d=x', undefined],
  ['example.com; dkim . x', undefined],
  ['mx.google.com; dkim=pass header.i=@example.com header.s=s1 header.b="abc/=d"; dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=example.com', 'mx.google.com: dkim=pass header.i=@example.com header.s=s1 header.b=abc/=d dmarc=pass header.from=example.com'],
  ['"quoted id"; dkim=none', 'quoted id: dkim=none'],
  ['example.org', 'example.org:'],
  ['; spf=pass', undefined],
  ['example.org; spf', undefined],
  ['example.org; (unclosed', undefined],
  ['example.org; spf="unclosed', undefined],
];

for (const [text, expected] of READ) {
  test(`Authentication-Results reads ${text.slice(0, 60)}`, () => {
    const parsed = parseAuthenticationResults(text);
    const words = parsed?.results.flatMap(({ method, result, properties = [] }) => [`${method}=${result}`, ...properties.map((p) => `${p.type}.${p.property}=${p.value}`)]);
    const shown = parsed && `${parsed.authservId}${parsed.version ? ` ${parsed.version}` : ''}:${words?.map((word) => ` ${word}`).join('')}`;
    assert.equal(shown, expected);
  });
}

test('fields in our name and unreadable ones are forged, those of others are not', () => {
  const header = [
    'Authentication-Results: mail.example.org; spf=pass smtp.mailfrom=bank.example',
    'authentication-results: (x) MAIL.Example.ORG 1; dmarc=pass',
    'Authentication-Results: "mail.example.org"; dmarc=pass',
    'Authentication-Results: mail.example.org; (broken',
    'Authentication-Results: ; dmarc=pass',
    'Authentication-Results: (unclosed mail.example.org; dmarc=pass',
    'Authentication-Results: mx.other.example; dmarc=pass',
    'Authentication-Results:\r\n\tmail.example.org;\r\n\tdmarc=pass',
    'X-Authentication-Results: mail.example.org; dmarc=pass',
    'ARC-Authentication-Results: i=1; mail.example.org; dmarc=pass',
    'Authentication-Results: mail.example.org.; dmarc=pass',
    'Authentication-Results: mail.example.org/1; dmarc=pass',
    'AUTHENTICATION-RESULTS : "mail\\.example.org" ; dmarc=pass',
    'Authentication-Results: mail.example.org.evil.test; dmarc=pass',
    'Authentication-Results: mail.example\0.org; dmarc=pass',
    'Authentication-Results: \u200bmail.example.org; dmarc=pass',
  ];
  const { fields } = parseHeader(Buffer.from(`${header.join('\r\n')}\r\n\r\n`));
  const forged = forgedAuthenticationResults(fields, 'mail.example.org').map((field) => fields.indexOf(field));
  assert.deepEqual(forged, [0, 1, 2, 3, 4, 5, 7, 10, 11, 12, 14, 15]);
});

test('fuzz: reading never throws, and whatever is built can be read', () => {
  const random = createSeededRandom();
  const pieces = ['a', '=', ';', ' ', '(', ')', '"', '\\', '.', 'spf', 'pass', '\r\n', '\u00e9', '\u0000', '/', '@', '1'];
  const text = () => Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('');
  for (let round = 0; round < 3000; round += 1) {
    parseAuthenticationResults(text());
    const results = [{ method: 'spf', result: 'fail', comment: text(), reason: text(), properties: [{ type: 'smtp', property: 'mailfrom', value: text() }] }];
    const parsed = read(buildAuthenticationResults({ authservId: `id${text()}`, results }));
    assert.equal(parsed?.results[0]?.method, 'spf', `seed ${random.seed}, round ${round}: ${JSON.stringify(results)}`);
  }
});
