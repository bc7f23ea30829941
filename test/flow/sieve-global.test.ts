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
