/** Reports as Google, Microsoft, Yahoo and sloppy reporters shape them (values made up), and such as want to do harm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { readReportFile, type FoundReport } from './report-file.ts';
import type { DmarcReading } from './dmarc-xml.ts';

const META = '<report_metadata><org_name>r</org_name><email>e@r.test</email><report_id>id-1</report_id><date_range><begin>1760000000</begin><end>1760086399</end></date_range></report_metadata>';
const POLICY = '<policy_published><domain>example.org</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>';

function record(ip: string, count: string, more = ''): string {
  return `<record><row><source_ip>${ip}</source_ip><count>${count}</count>${more}</row><identifiers><header_from>example.org</header_from></identifiers></record>`;
}

function feedback(...records: readonly string[]): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8" ?>\n<feedback>${META}${POLICY}${records.join('\n')}</feedback>`);
}

async function dmarc(bytes: Buffer): Promise<DmarcReading> {
  const [found] = await readReportFile(bytes);
  if (found?.kind !== 'dmarc') assert.fail(JSON.stringify(found));
  return found.report;
}

async function unreadable(bytes: Buffer): Promise<string> {
  const [found] = await readReportFile(bytes);
  if (found?.kind !== 'unreadable') assert.fail(JSON.stringify(found).slice(0, 300));
  return found.why;
}

/** An archive of one file as zip(1) writes it; `claim`: what its directory says beside the truth. */
function zip(name: string, content: Buffer, claim: { readonly flags?: number; readonly method?: number; readonly packed?: Buffer } = {}): Buffer {
  const { flags = 0, method = 8, packed = deflateRawSync(content) } = claim;
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(flags, 8);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}

describe('DMARC reports', () => {
  it('of Google: zip, policy_evaluated with a reason, selectors', async () => {
    const row = record('2001:DB8:0::1', '7', '<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf><reason><type>forwarded</type><comment>looks forwarded</comment></reason></policy_evaluated>')
      .replace('</record>', '<auth_results><dkim><domain>example.org</domain><result>pass</result><selector>s1</selector></dkim><spf><domain>list.example.net</domain><result>pass</result></spf></auth_results></record>');
    const report = await dmarc(zip('google.com!example.org!1760000000!1760086399.xml', feedback(row)));
    assert.deepEqual([report.head.domain, report.head.begin, report.head.policy.p, report.rows], ['example.org', 1_760_000_000_000, 'none', 1]);
    assert.deepEqual(report.sources, [{
      sourceIp: '2001:db8::1', headerFrom: 'example.org', count: 7, passed: 7, dkimAligned: 7, spfAligned: 0, authenticatedElsewhere: 0, forwarded: 7, rejected: 0, quarantined: 0,
      seenDomains: ['example.org', 'list.example.net'],
    }]);
  });

  it('of Microsoft: gzip, byte order mark, namespaces of XML Schema, envelope addresses', async () => {
    const text = `\uFEFF<?xml version="1.0"?>\r\n<feedback xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><version>1.0</version>${META.replace('>r<', '>Enterprise Outlook<')}${POLICY}<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><envelope_to>contoso.test</envelope_to><envelope_from>bounces.mcsv.net</envelope_from><header_from>example.org</header_from></identifiers><auth_results><spf><domain>bounces.mcsv.net</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record></feedback>`;
    const report = await dmarc(gzipSync(text));
    assert.equal(report.head.reporter, 'Enterprise Outlook');
    assert.deepEqual([report.sources[0]?.authenticatedElsewhere, report.sources[0]?.quarantined], [2, 2]);
  });

  it('of Yahoo and others: upper case, blanks, missing policy_evaluated, prefixed names, RFC 9990 elements', async () => {
    const text = `<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0"><d:version>1.0</d:version><d:report_metadata><d:org_name>Yahoo &amp; Co</d:org_name><d:email>x@y.test</d:email><d:report_id>&#x31;</d:report_id><d:date_range><d:begin> 1760000000 </d:begin><d:end>2025-10-10T00:00:00Z</d:end></d:date_range></d:report_metadata><d:policy_published><d:domain>Example.ORG.</d:domain><d:p>REJECT</d:p><d:np>reject</d:np><d:testing>y</d:testing><d:discovery_method>treewalk</d:discovery_method></d:policy_published><d:record><d:row><d:source_ip> 192.0.2.9 </d:source_ip><d:count>3</d:count></d:row><d:identifiers><d:header_from>News.Example.org</d:header_from></d:identifiers><d:auth_results><d:dkim><d:domain>example.org</d:domain><d:result>Pass</d:result></d:dkim></d:auth_results></d:record></d:feedback>`;
    const report = await dmarc(Buffer.from(text));
    assert.deepEqual(report.head, { reporter: 'Yahoo & Co', reporterEmail: 'x@y.test', reportId: '1', begin: 1_760_000_000_000, end: Date.UTC(2025, 9, 10), domain: 'example.org', policy: { p: 'reject', np: 'reject', testing: true } });
    assert.deepEqual([report.sources[0]?.headerFrom, report.sources[0]?.passed], ['news.example.org', 3]);
  });

  it('in UTF-16', async () => {
    assert.equal((await dmarc(Buffer.from(`\uFEFF${feedback(record('192.0.2.1', '1')).toString()}`, 'utf16le'))).messages, 1);
  });

  it('rows that say nothing believable are left out and counted', async () => {
    const report = await dmarc(feedback(record('192.0.2.1', '5'), record('not an address', '5'), record('192.0.2.2', '-1'), record('192.0.2.3', '1e9'), record('192.0.2.4', '1000000001'), record('192.0.2.5', 'NaN')));
    assert.deepEqual([report.rows, report.skipped, report.messages], [6, 5, 5]);
  });

  it('sources beyond the limit are added up, not lost', async () => {
    const many = Array.from({ length: REPORT_IN_LIMITS.sourcesMax + 10 }, (_, at) => record(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, '1'));
    const report = await dmarc(feedback(...many));
    assert.deepEqual([report.sources.length, report.messages, report.sources[0]?.sourceIp, report.sources[0]?.count], [REPORT_IN_LIMITS.sourcesMax + 1, REPORT_IN_LIMITS.sourcesMax + 10, 'others', 10]);
  });

  it('a report without domain, id or time is none', async () => {
    assert.match(await unreadable(Buffer.from(feedback().toString().replace('<domain>example.org</domain>', ''))), /which domain/);
    assert.match(await unreadable(Buffer.from(feedback().toString().replace('<report_id>id-1</report_id>', ''))), /no id/);
    assert.match(await unreadable(Buffer.from(feedback().toString().replace('1760086399', '1'))), /from when to when/);
    assert.match(await unreadable(Buffer.from('<html><body>hello</body></html>')), /begins with <html>/);
  });
});

describe('what wants to do harm', () => {
  it('entities are not expanded', async () => {
    const bomb = feedback(record('192.0.2.1', '1')).toString()
      .replace('<feedback>', '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><feedback>')
      .replace('<org_name>r</org_name>', '<org_name>&b;&c;</org_name>');
    assert.equal((await dmarc(Buffer.from(bomb))).head.reporter, '&b;&c;');
  });

  it('bombs in gzip and zip are given up early', async () => {
    const blanks = Buffer.concat([Buffer.from('<feedback>'), Buffer.alloc(24 * 1024 * 1024, ' ')]);
    assert.match(await unreadable(gzipSync(blanks)), /times its size/);
    assert.match(await unreadable(zip('a.xml', blanks)), /times its size/);
  });

  it('depth and unfinished tags are bounded', async () => {
    assert.match(await unreadable(Buffer.from(`<feedback>${'<a>'.repeat(1000)}`)), /deep/);
    assert.match(await unreadable(Buffer.from(`<feedback><!-- ${'x'.repeat(3 * 1024 * 1024)}`)), /does not end/);
    assert.match(await unreadable(Buffer.from(`<feedback><a b="${'x'.repeat(3 * 1024 * 1024)}`)), /does not end/);
  });

  it('archives that are damaged, encrypted or of another kind are told', async () => {
    const good = feedback(record('192.0.2.1', '1'));
    assert.match(await unreadable(zip('a.xml', good, { flags: 1 })), /encrypted/);
    assert.match(await unreadable(zip('a.xml', good, { method: 99 })), /method 99/);
    assert.match(await unreadable(zip('a.xml', good, { packed: Buffer.from('nonsense') })), /damaged/);
    assert.match(await unreadable(zip('a.xml', good).subarray(0, 100)), /damaged/);
    assert.match(await unreadable(gzipSync(good).subarray(0, 60)), /damaged/);
  });

  it('random damage is never a crash', async () => {
    const samples = [gzipSync(feedback(record('192.0.2.1', '1'))), zip('a.xml', feedback(record('192.0.2.1', '1'))), feedback(record('192.0.2.1', '1'))];
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at += 7) {
        const hurt = Buffer.from(sample);
        hurt[at] = (hurt[at] as number) ^ 0xff;
        const found: readonly FoundReport[] = await readReportFile(hurt);
        assert.ok(found.length <= 1);
      }
    }
  });
});

describe('TLS reports', () => {
  const report = {
    'organization-name': 'Company-X', 'date-range': { 'start-datetime': '2026-04-01T00:00:00Z', 'end-datetime': '2026-04-01T23:59:59Z' }, 'contact-info': 'sts@company-x.test', 'report-id': '5065',
    policies: [{
      policy: { 'policy-type': 'sts', 'policy-string': ['version: STSv1'], 'policy-domain': 'Example.org', 'mx-host': '*.mail.example.org' },
      summary: { 'total-successful-session-count': '5326', 'total-failure-session-count': 3 },
      'failure-details': { 'result-type': 'certificate-expired', 'receiving-mx-hostname': 'MX1.example.org', 'failed-session-count': 3 },
    }],
  };

  it('are read, numbers as text and one value for a list included', async () => {
    const [found] = await readReportFile(gzipSync(JSON.stringify(report)));
    if (found?.kind !== 'tls') assert.fail(JSON.stringify(found));
    assert.deepEqual(found.report.policies, [{ type: 'sts', domain: 'example.org', mxHosts: ['*.mail.example.org'], successes: 5326, failures: 3, details: [{ resultType: 'certificate-expired', mxHost: 'mx1.example.org', count: 3 }] }]);
  });

  it('what is none is told', async () => {
    assert.match(await unreadable(Buffer.from('{"a": 1}')), /no report-id/);
    assert.match(await unreadable(Buffer.from('{"a": ')), /no JSON/);
    assert.match(await unreadable(Buffer.from(JSON.stringify({ ...report, policies: [] }))), /no policy/);
    assert.match(await unreadable(Buffer.from(JSON.stringify({ ...report, 'date-range': 5 }))), /from when to when/);
  });
});

it('a message brings its report in an attachment of any type and name', async () => {
  const encoded = gzipSync(feedback(record('192.0.2.1', '4'))).toString('base64');
  const mail = `From: r@r.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report\r\n--b\r\nContent-Type: application/x-unknown; name=report.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n--b--\r\n`;
  assert.equal((await dmarc(Buffer.from(mail))).messages, 4);
  assert.deepEqual(await readReportFile(Buffer.from('From: a@b.test\r\nSubject: x\r\n\r\nHello.\r\n')), []);
  assert.deepEqual(await readReportFile(Buffer.alloc(0)), []);
  assert.deepEqual(await readReportFile(Buffer.from([0, 1, 2, 3])), []);
});

describe('how reports come in the wild', () => {
  const text = feedback(record('192.0.2.1', '4')).toString();

  it('UTF-16 without its mark, and the charset that the declaration names', async () => {
    const wide = Buffer.from(text.replace('UTF-8', 'UTF-16'), 'utf16le');
    assert.equal((await dmarc(wide)).messages, 4);
    assert.equal((await dmarc(wide.swap16())).messages, 4);
    const latin = Buffer.from(text.replace('UTF-8', 'iso-8859-1').replace('<org_name>r<', '<org_name>Grüße<'), 'latin1');
    assert.equal((await dmarc(latin)).head.reporter, 'Grüße');
    assert.equal((await dmarc(Buffer.from(text.replace('UTF-8', 'UTF-16')))).messages, 4, 'a declaration that cannot be true');
    assert.equal((await dmarc(Buffer.from(text.replace('UTF-8', 'x-nonsense')))).messages, 4);
  });

  it('half a report does not stand for the whole', async () => {
    assert.match(await unreadable(Buffer.from(text.slice(0, text.length / 2))), /ends in the middle/);
    assert.match(await unreadable(gzipSync(text.slice(0, -5))), /<feedback> is not closed/);
  });

  it('packed twice, in several members, and again and again', async () => {
    assert.equal((await dmarc(gzipSync(gzipSync(text)))).messages, 4);
    assert.equal((await dmarc(zip('r.xml.gz', gzipSync(text)))).messages, 4);
    assert.equal((await dmarc(Buffer.concat([gzipSync(text.slice(0, 99)), gzipSync(text.slice(99))]))).messages, 4);
    assert.match(await unreadable(gzipSync(gzipSync(gzipSync(text)))), /neither XML nor JSON/);
  });

  it('in a message that was forwarded as an attachment, encoded or with a name only', async () => {
    const inner = `From: r@r.test\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n${gzipSync(text).toString('base64')}\r\n`;
    const outer = (header: string, body: string): Buffer => Buffer.from(`From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n${header}\r\n\r\n${body}\r\n--b--\r\n`);
    assert.equal((await dmarc(outer('Content-Type: message/rfc822', inner))).messages, 4);
    const encoded = Buffer.from(inner).toString('base64');
    assert.equal((await dmarc(outer('Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64', encoded))).messages, 4);
    assert.equal((await dmarc(outer('Content-Type: application/octet-stream; name=report.eml\r\nContent-Transfer-Encoding: base64', encoded))).messages, 4);
  });

  it('signed by S/MIME, inside of multipart/report', async () => {
    const file = `Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${zip('r.xml', Buffer.from(text)).toString('base64')}\r\n`;
    const mail = `From: r@r.test\r\nContent-Type: multipart/signed; boundary=o; protocol="application/pkcs7-signature"\r\n\r\n--o\r\nContent-Type: multipart/report; report-type=dmarc; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\nhello\r\n--i\r\n${file}--i--\r\n--o\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--o--\r\n`;
    assert.equal((await dmarc(Buffer.from(mail))).messages, 4);
  });
});
