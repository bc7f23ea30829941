/** The clients that people really use, against our server: swaks, openssl, Python's smtplib, Postfix's smtp-source. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { PASSWORD, withServer } from './smtp-server-kit.ts';

const EXTENDED_PATH = `${process.env['PATH']}:/usr/sbin`;

function missing(program: string): string | false {
  return spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: EXTENDED_PATH } }).status === 0 ? false : `${program} is not installed`;
}

function run(program: string, args: readonly string[], input = ''): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { env: { ...process.env, PATH: EXTENDED_PATH }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error ? (typeof error.code === 'number' ? error.code : 1) : 0, output: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}

test('swaks: STARTTLS, and AUTH by each mechanism it knows', { skip: missing('swaks') }, async () => {
  await withServer({ service: 'submission' }, async (kit) => {
    for (const mechanism of ['PLAIN', 'LOGIN']) {
      const result = await run('swaks', ['--server', '127.0.0.1', '--port', String(kit.port), '--tls', '--auth', mechanism, '--auth-user', 'alice@example.org', '--auth-password', PASSWORD, '--from', 'alice@example.org', '--to', 'x@far.example', '--header', 'Subject: by swaks']);
      assert.equal(result.status, 0, result.output);
    }
    assert.deepEqual(kit.messages.map((message) => message.origin.saslMechanism), ['PLAIN', 'LOGIN']);
    const denied = await run('swaks', ['--server', '127.0.0.1', '--port', String(kit.port), '--tls', '--auth', 'PLAIN', '--auth-user', 'alice@example.org', '--auth-password', 'wrong', '--from', 'alice@example.org', '--to', 'x@far.example']);
    assert.notEqual(denied.status, 0);
    assert.match(denied.output, /535 5\.7\.8/);
  });
});

test('openssl s_client: STARTTLS and implicit TLS with a verified certificate', { skip: missing('openssl') }, async () => {
  for (const service of ['smtp', 'submissions'] as const) {
    await withServer({ service }, async (kit) => {
      const ca = join(dirname(kit.spoolDir), 'ca.pem');
      await writeFile(ca, kit.ca);
      const starttls = service === 'smtp' ? ['-starttls', 'smtp'] : [];
      const result = await run('openssl', ['s_client', '-connect', `127.0.0.1:${kit.port}`, ...starttls, '-CAfile', ca, '-verify_return_error', '-servername', 'mail.example.org', '-crlf', '-quiet', '-ign_eof'], 'QUIT\n');
      assert.match(result.output, /221 2\.0\.0 Bye/, result.output);
    });
  }
});

const PYTHON = `
import smtplib, ssl, sys
port, ca, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.check_hostname = False
with smtplib.SMTP('127.0.0.1', port, timeout=15) as s:
    s.starttls(context=context)
    s.login('alice@example.org', password)
    s.sendmail('alice@example.org', ['x@far.example', 'y@far.example'], 'From: alice@example.org\\r\\nSubject: python\\r\\n\\r\\n.hidden dot\\r\\nLine\\n.\\nafter\\r\\n')
    try:
        s.sendmail('bob@example.org', ['x@far.example'], 'Subject: no\\r\\n\\r\\n')
    except smtplib.SMTPSenderRefused as e:
        print('refused', e.smtp_code)
    s.noop()
`;

test('Python smtplib: login, two recipients, a refusal', { skip: missing('python3') }, async () => {
  await withServer({ service: 'submission' }, async (kit) => {
    const ca = join(dirname(kit.spoolDir), 'ca.pem');
    await writeFile(ca, kit.ca);
    const result = await run('python3', ['-c', PYTHON, String(kit.port), ca, PASSWORD]);
    assert.equal(result.status, 0, result.output);
    assert.match(result.output, /refused 553/);
    assert.deepEqual(kit.messages[0]?.envelope.recipients.map((recipient) => recipient.address), ['x@far.example', 'y@far.example']);
    assert.match(kit.contents[0] ?? '', /\r\n\r\n\.hidden dot\r\nLine\r\n\.\r\nafter\r\n$/);
  });
});

test('smtp-source: many messages over many sessions, none lost', { skip: missing('smtp-source') }, async () => {
  await withServer({ trusted: ['127.0.0.0/8'] }, async (kit) => {
    for (const reuse of [[], ['-d']]) {
      const result = await run('smtp-source', [...reuse, '-s', '10', '-m', '200', '-l', '4096', '-f', 'a@far.example', '-t', 'b@far.example', `inet:127.0.0.1:${kit.port}`]);
      assert.equal(result.status, 0, result.output);
    }
    assert.equal(kit.messages.length, 400);
    assert.equal(new Set(kit.messages.map((message) => message.id)).size, 400);
  });
});

test('nodemailer: SMTPUTF8, DSN, a large attachment', async () => {
  await withServer({ service: 'submissions', smtp: { maxMessageSize: 3_000_000 } }, async (kit) => {
    const transport = createTransport({ host: '127.0.0.1', port: kit.port, secure: true, tls: { ca: kit.ca, servername: 'mail.example.org' }, auth: { user: 'alice@example.org', pass: PASSWORD } });
    const sent = await transport.sendMail({
      from: 'alice@example.org', to: 'jürgen@far.example', subject: 'Grüße', text: 'Hallo',
      attachments: [{ filename: 'a.bin', content: Buffer.alloc(1_000_000, 1) }],
      dsn: { id: 'x1', return: 'headers', notify: ['success'], recipient: 'alice@example.org' },
    });
    transport.close();
    assert.match(sent.response, /^250 2\.0\.0 Ok: queued as /);
    const { envelope } = kit.messages[0] as (typeof kit.messages)[number];
    assert.equal(envelope.smtpUtf8, true);
    assert.equal(envelope.recipients[0]?.address, 'jürgen@far.example');
    assert.deepEqual([envelope.envelopeId, envelope.returnContent, envelope.recipients[0]?.notify], ['x1', 'headers', ['success']]);
    assert.ok((kit.contents[0]?.length ?? 0) > 1_300_000);
  });
});
