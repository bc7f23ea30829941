import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseComplaint } from './complaint-message.ts';
import { readXarf } from './xarf.ts';

const OURS = ['Return-Path: <news+carol=hotmail.com@example.org>', 'From: News <news@example.org>', 'Message-ID: <m1@example.org>', 'Subject: News'];

function message(header: readonly string[], parts: readonly (readonly [type: string, body: readonly string[]])[]): Buffer {
  const body = parts.map(([type, lines]) => ['--b', `Content-Type: ${type}`, '', ...lines].join('\r\n')).join('\r\n');
  return Buffer.from(`${[...header, 'MIME-Version: 1.0'].join('\r\n')}\r\n\r\n${body}\r\n--b--\r\n`);
}

const MIXED = 'Content-Type: multipart/mixed; boundary=b';

describe('complaints without an ARF part', () => {
  it('are read from the copy that Outlook.com attaches, with the recipient that it names', () => {
    const found = parseComplaint(message(['From: <staff@hotmail.com>', 'Subject: complaint about message from 192.0.2.1', MIXED], [['message/rfc822', ['X-HmXmrOriginalRecipient: <carol@hotmail.com>', ...OURS, '', 'Buy']]]));
    assert.deepEqual([found?.feedbackType, found?.sourceIp, found?.originalRecipients, found?.originalMessageId], ['abuse', '192.0.2.1', ['carol@hotmail.com'], '<m1@example.org>']);
  });

  it('are read from a copy that comes as it was', () => {
    const found = parseComplaint(Buffer.from(['X-HmXmrOriginalRecipient: carol@hotmail.com', ...OURS, '', 'Buy', ''].join('\r\n')));
    assert.deepEqual([found?.originalRecipients, found?.originalMessageId], [['carol@hotmail.com'], '<m1@example.org>']);
  });

  it('are not seen in a message that somebody forwards', () => {
    assert.equal(parseComplaint(message(['From: <dave@example.net>', 'Subject: Fwd', MIXED], [['message/rfc822', [...OURS, '', 'Buy']]])), undefined);
    assert.equal(parseComplaint(Buffer.from([...OURS, '', 'Buy', ''].join('\r\n'))), undefined);
  });

  it('an ARF report without recipient is filled from the copy', () => {
    const report = message(['From: <staff@hotmail.com>', 'Content-Type: multipart/report; report-type=feedback-report; boundary=b'], [
      ['text/plain', ['A report']], ['message/feedback-report', ['Feedback-Type: abuse', 'User-Agent: X/1', 'Version: 1']], ['message/rfc822', ['X-HmXmrOriginalRecipient: <carol@hotmail.com>', ...OURS, '', '']],
    ]);
    assert.deepEqual(parseComplaint(report)?.originalRecipients, ['carol@hotmail.com']);
  });
});

describe('X-ARF', () => {
  it('0.2: lines in the second part, the mail behind them', () => {
    const found = parseComplaint(message(['From: <reports@example.net>', 'X-XARF: PLAIN', MIXED], [
      ['text/plain', ['Dear abuse team']],
      ['text/plain; name=report.txt', ['Reported-From: reports@example.net', 'Category: abuse', 'Report-Type: spam', "Report-ID: '7'", 'Date: Mon, 03 Feb 2014 02:13:35 +0100', 'Source: 192.0.2.1', 'Source-Type: ip-address', 'Attachment: message/rfc822']],
      ['message/rfc822', [...OURS, '', 'Buy']],
    ]));
    assert.deepEqual([found?.feedbackType, found?.sourceIp, found?.originalMessageId, found?.arrivedAt], ['abuse', '192.0.2.1', '<m1@example.org>', Date.UTC(2014, 1, 3, 1, 13, 35)]);
  });

  it('3 and 4: JSON, the mail in base64 among the evidence', () => {
    const payload = Buffer.from(`${OURS.join('\r\n')}\r\n\r\nBuy`).toString('base64');
    const three = readXarf({ Version: '3', ReporterInfo: {}, Report: { ReportType: 'Spam', Date: '2018-02-05T14:17:10Z', SourceIp: '192.0.2.1', SmtpMailFromAddress: 'news@example.org', SmtpRcptToAddress: 'carol@example.net', Samples: [{ ContentType: 'message/rfc822', Base64Encoded: true, Payload: payload }] } });
    const four = readXarf({ xarf_version: '4.0.0', timestamp: '2018-02-05T14:17:10Z', category: 'messaging', type: 'spam', source_identifier: '192.0.2.1', smtp_from: 'news@example.org', smtp_to: 'carol@example.net', evidence: [{ content_type: 'message/rfc822', payload }] });
    for (const found of [three, four]) {
      assert.deepEqual([found?.feedbackType, found?.sourceIp, found?.originalMailFrom, found?.originalRecipients, found?.originalMessageId, found?.arrivedAt], ['abuse', '192.0.2.1', 'news@example.org', ['carol@example.net'], '<m1@example.org>', Date.UTC(2018, 1, 5, 14, 17, 10)]);
    }
  });

  it('what is not about mail is no complaint about spam, what is nothing is none', () => {
    assert.equal(readXarf({ xarf_version: '4.0.0', category: 'connection', type: 'login_attack', source_identifier: '192.0.2.1' })?.feedbackType, 'other');
    for (const document of [{}, [], null, 'x', 7, { Report: 'x' }, { xarf_version: 4 }]) assert.equal(readXarf(document), undefined);
  });
});
