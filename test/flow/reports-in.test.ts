/** What others report about our mail, in the lab: from the wire to what `posthorn report` says and to what follows. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ComplaintsAnswer, DmarcReportsAnswer, TlsReportsAnswer } from '../../src/manage/reports/reports.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

let lab: LabProcess;
let alice: LabUser;

before(async () => {
  lab = await startLab({ settings: '[feedback]\nheaders = true\n' });
  alice = new LabUser(lab);
});
after(async () => {
  alice?.close();
  await lab?.stop();
});

interface Mail {
  readonly to: string;
  /** good.example: its SPF passes from the host outside. plain.example: nothing does. */
  readonly from?: string;
  readonly sender?: string;
  readonly header: readonly string[];
  readonly body: string;
}

/** From the host outside; the whole reply to the end of data, or to the recipient that was refused. */
async function send({ to, from = 'reports@good.example', sender = from, header, body }: Mail): Promise<string> {
  const outside = lab.ready.smtp.host.replace(/\d+$/, '40');
  const session = await SmtpDialogue.open(lab.ready.smtp.host, lab.ready.smtp.port, { localAddress: outside });
  try {
    await session.reply();
    await session.say('EHLO mail.good.example');
    await session.say(`MAIL FROM:<${sender}>`);
    const rcpt = await session.say(`RCPT TO:<${to}>`);
    if (!rcpt.startsWith('250')) return rcpt;
    await session.say('DATA');
    const fields = [`From: <${from}>`, `To: <${to}>`, `Message-ID: <${Math.random().toString(36).slice(2)}@good.example>`, `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`, 'MIME-Version: 1.0', ...header];
    return await session.say([...fields, '', body, '.'].join('\r\n'));
  } finally {
    session.close();
  }
}

function attached(bytes: Buffer, type: string, name: string): Pick<Mail, 'header' | 'body'> {
  const encoded = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  const part = `Content-Type: ${type}; name="${name}"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${encoded}`;
  return {
    header: ['Subject: Report domain: example.org', 'Content-Type: multipart/mixed; boundary=b'],
    body: `--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\n${part}\r\n--b--`,
  };
}

async function now(): Promise<number> {
  return Date.parse((await alice.trace(await alice.submit({ to: 'alice@example.org', subject: 'time' }))).events[0]?.at as unknown as string) || Date.now();
}

function dmarcXml(id: string, domain: string, at: number): Buffer {
  const row = (ip: string, count: number, dkim: string, spf: string, auth: string): string =>
    `<record><row><source_ip>${ip}</source_ip><count>${count}</count><policy_evaluated><disposition>none</disposition><dkim>${dkim}</dkim><spf>${spf}</spf></policy_evaluated></row>` +
    `<identifiers><header_from>${domain}</header_from></identifiers><auth_results>${auth}</auth_results></record>`;
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8" ?><feedback><report_metadata><org_name>good.example</org_name><email>reports@good.example</email><report_id>${id}</report_id>` +
      `<date_range><begin>${Math.floor(at / 1000) - 86_400}</begin><end>${Math.floor(at / 1000)}</end></date_range></report_metadata><policy_published><domain>${domain}</domain><p>none</p></policy_published>` +
      row('203.0.113.9', 40, 'fail', 'fail', '<dkim><domain>news.mcsv.net</domain><result>pass</result></dkim><spf><domain>bounce.mcsv.net</domain><result>pass</result></spf>') +
      row('198.51.100.7', 3, 'fail', 'fail', '<spf><domain>example.org</domain><result>fail</result></spf>') +
      '</feedback>',
  );
}

const dmarc = (): Promise<DmarcReportsAnswer> => lab.json<DmarcReportsAnswer>(['report', 'dmarc', 'example.org']);

describe('reports that come by mail', () => {
  it('a DMARC report is read at the address that the record names, and told source by source', async () => {
    const at = await now();
    assert.match(await send({ to: 'dmarc@example.org', ...attached(gzipSync(dmarcXml('r1', 'example.org', at)), 'application/octet-stream', 'report.dat') }), /^250/);
    const answer = await eventually('the report', async () => ((await dmarc()).reports > 0 ? dmarc() : undefined));
    assert.deepEqual([answer.reports, answer.messages, answer.passed, answer.apart], [1, 43, 0, 0]);
    assert.deepEqual(answer.sources.map(({ sourceIp, service, finding }) => [sourceIp, service, finding.kind]), [['203.0.113.9', 'Mailchimp', 'service'], ['198.51.100.7', undefined, 'forged']]);
    assert.match(answer.sources[1]?.finding.text ?? '', /Someone sends as example\.org from 198\.51\.100\.7/);
  });

  it('the same report counts once, one about a foreign domain not at all, one that nobody vouches for apart', async () => {
    const at = await now();
    await send({ to: 'dmarc@example.org', ...attached(dmarcXml('r1', 'example.org', at), 'text/xml', 'again.xml') });
    await send({ to: 'dmarc@example.org', ...attached(dmarcXml('r2', 'bank.example', at), 'text/xml', 'other.xml') });
    await send({ to: 'dmarc@example.org', from: 'info@plain.example', ...attached(dmarcXml('r3', 'example.org', at), 'text/xml', 'plain.xml') });
    const answer = await eventually('all three', async () => {
      const one = await dmarc();
      return one.apart === 1 && one.left.length === 2 ? one : undefined;
    });
    assert.deepEqual([answer.reports, answer.messages], [1, 43]);
    assert.deepEqual(answer.left.map(({ cause }) => cause).sort(), ['duplicate', 'not-our-domain']);
  });

  it('a TLS report is read, with what to do', async () => {
    const day = new Date(await now()).toISOString().slice(0, 10);
    const report = {
      'organization-name': 'Good Mail', 'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` }, 'contact-info': 'tls@good.example', 'report-id': 't1',
      policies: [{ policy: { 'policy-type': 'sts', 'policy-domain': 'example.org' }, summary: { 'total-successful-session-count': 9, 'total-failure-session-count': 2 }, 'failure-details': [{ 'result-type': 'certificate-host-mismatch', 'receiving-mx-hostname': 'mail.example.org', 'failed-session-count': 2 }] }],
    };
    assert.match(await send({ to: 'tls@example.org', ...attached(gzipSync(JSON.stringify(report)), 'application/tlsrpt+gzip', 'r.json.gz') }), /^250/);
    const answer = await eventually('the TLS report', async () => {
      const one = await lab.json<TlsReportsAnswer>(['report', 'tls', '--received']);
      return one.reports > 0 ? one : undefined;
    });
    assert.match(answer.domains[0]?.findings[0]?.text ?? '', /Good Mail could not negotiate TLS with mail\.example\.org: certificate name mismatch/);
  });

  it('what is no report is returned in words, and unknown addresses stay unknown', async () => {
    const reply = await send({ to: 'abuse-reports@example.org', header: ['Subject: hello'], body: 'Who reads this?' });
    const id = /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
    const { state, event } = await alice.attempted(id);
    assert.equal(state, 'bounced', JSON.stringify(event));
    assert.match(JSON.stringify(event.data), /postmaster@example\.org/);
    assert.match(await send({ to: 'dmarc-nobody@example.org', header: [], body: '' }), /^550/);
  });

  it('where somebody has the address, he gets the mail, and it is read all the same', async () => {
    await lab.run(['alias', 'add', 'fbl@example.org', 'alice@example.org']);
    const reply = await send({ to: 'fbl@example.org', ...attached(dmarcXml('r4', 'example.org', await now()), 'text/xml', 'r.xml') });
    const id = /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
    const trace = await eventually('both copies', async () => {
      const one = await alice.trace(id);
      return one.recipients.length === 2 && one.recipients.every(({ state }) => state === 'delivered') ? one : undefined;
    });
    assert.deepEqual(trace.recipients.map(({ address }) => address), ['fbl@example.org', 'fbl@example.org']);
    assert.equal((await dmarc()).reports, 2);
  });
});

describe('complaints', () => {
  it('suppress the stream they are about, stand in the trace and count in shaping', async () => {
    const id = await alice.submit({ to: 'carol@yahoo.com', subject: 'News', header: ['List-Unsubscribe: <https://example.org/u>', 'List-Id: <news.example.org>'] });
    await alice.delivered(id);
    const inbox = await lab.json<{ messages: readonly { id: string }[] } | readonly { id: string }[]>(['lab', 'inbox', 'yahoo', 'carol@yahoo.com']);
    const [message] = 'messages' in inbox ? inbox.messages : inbox;
    const complaint = await lab.json<{ kind: string; to: string }>(['lab', 'complain', 'yahoo', String(message?.id)]);
    assert.deepEqual([complaint.kind, complaint.to], ['reported', 'abuse@example.org']);
    const answer = await eventually('the complaint', async () => {
      const one = await lab.json<ComplaintsAnswer>(['report', 'arf']);
      return one.complaints.length > 0 ? one : undefined;
    });
    const [told] = answer.complaints;
    assert.deepEqual([told?.kind, told?.recipient, told?.messageId, told?.stream], ['abuse', 'carol@yahoo.com', id, 'bulk']);
    assert.ok((await alice.trace(id)).events.some(({ name }) => name === 'recipient.complained'));
    assert.match((await lab.run(['trace', id])).stdout, /called it spam/);
    const next = await alice.submit({ to: 'carol@yahoo.com', subject: 'More news', header: ['List-Unsubscribe: <https://example.org/u>'] });
    assert.equal((await alice.attempted(next)).state, 'bounced');
    const { stdout: raw } = await lab.run(['lab', 'inbox', 'yahoo', 'carol@yahoo.com', '--raw', String(message?.id)]);
    assert.match(raw, /^CFBL-Address: fbl@example\.org; report=arf\r?$/m);
    assert.match(raw, new RegExp(`^CFBL-Feedback-ID: ${id}\r?$`, 'm'));
    assert.match(raw, /^Feedback-ID: news::bulk:example\.org\r?$/m);
    assert.match(raw.replace(/\r?\n\s+/g, ''), /h=[^;]*cfbl-address/i);
    const personal = await alice.submit({ to: 'carol@yahoo.com', subject: 'Your invoice' });
    assert.equal((await alice.attempted(personal)).state, 'delivered');
    const lanes = await lab.json<unknown>(['ip', 'list']);
    assert.ok(JSON.stringify(lanes).includes('"complaintsToday":1'), JSON.stringify(lanes));
  });

  it('come as X-ARF and as the bare copies of Outlook.com, too, and have the same consequences', async () => {
    const sendNews = async (to: string): Promise<{ id: string; raw: string }> => {
      const id = await alice.submit({ to, subject: 'News', header: ['List-Unsubscribe: <https://example.org/u>'] });
      await alice.delivered(id);
      const { messages } = await lab.json<{ messages: readonly { id: string }[] }>(['lab', 'inbox', 'yahoo', to]);
      return { id, raw: (await lab.run(['lab', 'inbox', 'yahoo', to, '--raw', String(messages.at(-1)?.id)])).stdout };
    };
    const told = (id: string): Promise<unknown> =>
      eventually(`the complaint about ${id}`, async () => (await alice.trace(id)).events.find(({ name }) => name === 'recipient.complained'));
    const [first, second] = [await sendNews('erin@yahoo.com'), await sendNews('frank@yahoo.com')];
    const xarf = JSON.stringify({ xarf_version: '4.0.0', category: 'messaging', type: 'spam', source_identifier: '127.0.0.1', evidence: [{ content_type: 'message/rfc822', payload: Buffer.from(first.raw).toString('base64') }] });
    const body = ['--b', 'Content-Type: text/plain', '', 'A report.', '--b', 'Content-Type: message/feedback-report', '', 'Feedback-Type: xarf', 'User-Agent: X/1', 'Version: 1', '', '--b', 'Content-Type: application/json; name=xarf.json', 'Content-Transfer-Encoding: base64', '', Buffer.from(xarf).toString('base64').replace(/.{76}/g, '$&\r\n'), '--b--'];
    assert.match(await send({ to: 'fbl@example.org', header: ['Subject: Report', 'Content-Type: multipart/report; report-type=feedback-report; boundary=b'], body: body.join('\r\n') }), /^250/);
    await told(first.id);
    const copy = ['--b', 'Content-Type: message/rfc822', '', `X-HmXmrOriginalRecipient: <frank@yahoo.com>\r\n${second.raw.replace(/\r?\n/g, '\r\n')}`, '--b--'];
    assert.match(await send({ to: 'fbl@example.org', header: ['Subject: complaint about message from 127.0.0.1', 'Content-Type: multipart/mixed; boundary=b'], body: copy.join('\r\n') }), /^250/);
    await told(second.id);
    const { suppressions } = await lab.json<{ suppressions: readonly { address: string; source: string; stream?: string }[] }>(['suppression', 'list']);
    assert.deepEqual(suppressions.filter(({ address }) => /^(erin|frank)@/.test(address)).map(({ source, stream }) => `${source} ${stream}`), ['complaint bulk', 'complaint bulk']);
  });
});
