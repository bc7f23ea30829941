/**
 * Two chains that others sealed (ValiMail's ARC test suite: its key, its messages), whole and damaged: what RFC 8617
 * expects of a verifier. The signatures were not made by any code of this project or its oracles.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { parseHeader } from '../../mail/header.ts';
import { verifyArc } from './verify-arc.ts';

const ZONE: Zone = {
  'dummy._domainkey.example.org': {
    TXT: [
      'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
    ],
  },
};

interface Sealing {
  readonly instance: number;
  readonly cv: string;
  readonly time: number;
  readonly seal: readonly string[];
  readonly message: readonly string[];
}

/** Folded as the suite has it: seals are relaxed, so only the places of the folds' blanks matter. */
function arcSet({ instance, cv, time, seal, message }: Sealing): string[] {
  return [
    'ARC-Seal: a=rsa-sha256;',
    `    b=${seal.join('\r\n    ')}; cv=${cv}; d=example.org; i=${instance}; s=dummy;`,
    `    t=${time}`,
    'ARC-Message-Signature: a=rsa-sha256;',
    `    b=${message.join('\r\n    ')};`,
    '    bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYLQ=; c=relaxed/relaxed;',
    '    d=example.org; h=from:to:date:subject:mime-version:arc-authentication-results;',
    `    i=${instance}; s=dummy; t=${time}`,
    `ARC-Authentication-Results: i=${instance}; lists.example.org;`,
    '    spf=pass smtp.mfrom=jqd@d1.example;',
    '    dkim=pass (1024-bit key) header.i=@d1.example;',
    '    dmarc=pass',
  ];
}

const FIRST = arcSet({
  instance: 1,
  cv: 'none',
  time: 12345,
  seal: [
    'dOdFEyhrk/tw5wl3vMIogoxhaVsKJkrkEhnAcq2XqOLSQhPpGzhGBJzR7k1sWGokon3TmQ',
    '7TX9zQLO6ikRpwd/pUswiRW5DBupy58fefuclXJAhErsrebfvfiueGyhHXV7C1LyJTztywzn',
    'QGG4SCciU/FTlsJ0QANrnLRoadfps=',
  ],
  message: [
    'QsRzR/UqwRfVLBc1TnoQomlVw5qi6jp08q8lHpBSl4RehWyHQtY3uOIAGdghDk/mO+/Xpm',
    '9JA5UVrPyDV0f+2q/YAHuwvP11iCkBQkocmFvgTSxN8H+DwFFPrVVUudQYZV7UDDycXoM6UE',
    'cdfzLLzVNPOAHEDIi/uzoV4sUqZ18=',
  ],
});
const SECOND = arcSet({
  instance: 2,
  cv: 'pass',
  time: 12346,
  seal: [
    'IAqZJ5HwfNxxsrn9R4ayQgiu9RibPKEUVevbt7XFTkSh1baJ533D2Z6IZ2NaBreUhDBb2e',
    'K9Gtcv+eyUhWkD8VTmE6fq/F8CDIK3ScIiJykF8hNL1wpa/mGwWWwBnkozIJGAbTAAX7AgnH',
    'knAehnSW99TeU0lmib0XmOt4TN3sY=',
  ],
  message: [
    '2cDGNznUmp4YSSThCe9nrQIH2Gpd5qPFw3OU8sWFzZgEQ5UZtaVQifVUXUrsSyEzjro3Ul',
    'YPPDx+C1K+LbKRlOZ06il4ws2zlPafsrx1piKsKSCUq0KjFs01hYCDBa3tfdyITSfoWu2HHY',
    'pCjrhPMPH1jruIdBV/5Gk2Fvy+mW8=',
  ],
});
const REST = [
  'Message-ID: <54B84785.1060301@d1.example.org>',
  'Date: Thu, 14 Jan 2015 15:00:01 -0800',
  'From: John Q Doe <jqd@d1.example.org>',
  'To: arc@dmarc.org',
  'Subject: Example 1',
  '',
  'Hey gang,',
  'This is a test message.',
  '--J.',
  '',
];
const ONE = ['MIME-Version: 1.0', ...FIRST, ...REST].join('\r\n');
const TWO = ['MIME-Version: 1.0', ...SECOND, ...FIRST, ...REST].join('\r\n');
const sealOf = (instance: number): RegExp => new RegExp(`ARC-Seal:(?:(?!ARC-)[^])*?i=${instance};[^]*?(?=ARC-Message)`);

const CASES: readonly [name: string, message: string, cv: string][] = [
  ['one set', ONE, 'pass'],
  ['two sets', TWO, 'pass'],
  ['field names in capitals', TWO.replaceAll('ARC-Seal', 'ARC-SEAL'), 'pass'],
  ['blanks folded otherwise', TWO.replaceAll('\r\n    ', '\r\n\t'), 'pass'],
  ['the body changed after the first sealer only', ONE.replace('gang', 'folks'), 'fail'],
  ['a signed field changed', TWO.replace('Example 1', 'Example 2'), 'fail'],
  ['a field added that is not signed', `X-New: 1\r\n${TWO}`, 'pass'],
  ['the older results changed', TWO.replace(/(i=1; lists[^]*?)dmarc=pass/, '$1dmarc=fail'), 'fail'],
  ['no seal', ONE.replace(sealOf(1), ''), 'fail'],
  ['no message signature', ONE.replace(/ARC-Message-Signature[^]*?(?=ARC-Auth)/, ''), 'fail'],
  ['no results', ONE.replace(/ARC-Authentication-Results[^]*?(?=Message-ID)/, ''), 'fail'],
  ['the second seal gone', TWO.replace(sealOf(2), ''), 'fail'],
  ['the first set gone', ['MIME-Version: 1.0', ...SECOND, ...REST].join('\r\n'), 'fail'],
  ['a set twice', ['MIME-Version: 1.0', ...FIRST, ...FIRST, ...REST].join('\r\n'), 'fail'],
  ['cv=pass in the first set', ONE.replace('cv=none', 'cv=pass'), 'fail'],
  ['cv=fail', ONE.replace('cv=none', 'cv=fail'), 'fail'],
  ['no cv', ONE.replace('cv=none; ', ''), 'fail'],
  ['i=0', ONE.replaceAll('i=1;', 'i=0;'), 'fail'],
  ['i=51', ONE.replaceAll('i=1;', 'i=51;'), 'fail'],
  ['a tag of the seal twice', ONE.replace('cv=none;', 'cv=none; s=dummy;'), 'fail'],
  ['h= in the seal', ONE.replace('cv=none;', 'cv=none; h=from;'), 'fail'],
  ['an unknown algorithm', ONE.replace('ARC-Seal: a=rsa-sha256', 'ARC-Seal: a=rsa-sha1'), 'fail'],
  ['a selector without a key', ONE.replaceAll('s=dummy', 's=other'), 'fail'],
];

test('every damage is one', () => {
  assert.equal(new Set(CASES.map(([, message]) => message)).size, CASES.length);
});

for (const [name, message, cv] of CASES) {
  test(`a chain that others sealed: ${name}: ${cv}`, async () => {
    const bytes = Buffer.from(message);
    const report = await verifyArc(createZoneDns(ZONE), new BufferSource(bytes), parseHeader(bytes), { now: Date.UTC(2026, 10, 20) });
    assert.equal(report.cv, cv, report.reason);
  });
}
