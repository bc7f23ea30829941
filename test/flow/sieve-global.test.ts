/** Scripts of the administrator: before and after those of users, and for `include :global`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { address, handOver, startSmallServer } from '../harness/small-server.ts';

test('before, the account’s own, after: each as long as the message stays for the next', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-global-'));
  writeFileSync(join(folder, 'before.sieve'), 'require ["fileinto","imap4flags"]; if header :contains "subject" "virus" { fileinto "Quarantine"; } else { addflag "checked"; }');
  writeFileSync(join(folder, 'after.sieve'), 'require "fileinto"; if header :contains "subject" "late" { fileinto "After"; }');
  writeFileSync(join(folder, 'shared.sieve'), 'require "fileinto"; if header :contains "subject" "shared" { fileinto "Shared"; }');
  const small = await startSmallServer({ settings: `[sieve]\nbefore = ["${folder}/before.sieve", "${folder}/missing.sieve"]\nafter = ["${folder}/after.sieve"]\nglobal-folder = "${folder}"` });
  context.after(async () => {
    await small.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const own = 'require ["fileinto","include"]; include :global "shared"; if header :contains "subject" "own" { fileinto "Own"; stop; }';
  await small.server.context.store.scripts.put(address('ann'), 'main', Buffer.from(own), { at: 0, activate: true });
  for (const subject of ['virus own', 'own late', 'late', 'shared', 'plain']) await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ann'], content: `From: pat@far.example\r\nSubject: ${subject}\r\n\r\nx` });
  await small.holds(1, 'ann');
  assert.deepEqual((await small.folder('ann')).map(({ flags }) => flags.includes('checked')), [true], 'what a script before has set stays');
  for (const [name, subject] of [['Quarantine', 'virus own'], ['Own', 'own late'], ['After', 'late'], ['Shared', 'shared'], ['INBOX', 'plain']] as const) {
    const found = await small.holds(1, 'ann', name);
    assert.deepEqual(found.map(({ content }) => /^Subject: (.*)\r$/m.exec(content)?.[1]), [subject], name);
  }
  // Who has no script gets those of the administrator.
  await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ben'], content: 'From: pat@far.example\r\nSubject: late\r\n\r\nx' });
  await small.holds(1, 'ben', 'After');
});

test('what a script of the administrator writes into the header stays, and the account’s own script sees it', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-global-'));
  writeFileSync(join(folder, 'before.sieve'), 'require ["editheader"]; addheader "X-Checked" "yes"; if header :contains "subject" "secret" { deleteheader "X-Old"; }');
  writeFileSync(join(folder, 'after.sieve'), 'require ["editheader"]; addheader :last "X-After" "yes";');
  const small = await startSmallServer({ settings: `[sieve]\nbefore = ["${folder}/before.sieve"]\nafter = ["${folder}/after.sieve"]` });
  context.after(async () => {
    await small.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const own = 'require ["fileinto", "copy"]; if header "X-Checked" "yes" { fileinto :copy "Seen"; }';
  await small.server.context.store.scripts.put(address('ann'), 'main', Buffer.from(own), { at: 0, activate: true });
  await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ann'], content: 'From: pat@far.example\r\nX-Old: 1\r\nSubject: a secret\r\n\r\nx' });
  const [inbox] = await small.holds(1, 'ann');
  assert.match(inbox?.content ?? '', /^X-Checked: yes\r\n[^]*\r\nX-After: yes\r\n\r\nx/m);
  assert.doesNotMatch(inbox?.content ?? '', /^X-Old/m);
  const [seen] = await small.holds(1, 'ann', 'Seen');
  assert.match(seen?.content ?? '', /^X-Checked: yes\r$/m, 'a copy of the own script has what was written before it');
  assert.doesNotMatch(seen?.content ?? '', /^X-After/m);
});
