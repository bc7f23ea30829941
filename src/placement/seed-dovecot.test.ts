/** A Dovecot as the provider: folders in the users' language without special uses, below INBOX., among thousands of messages. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DOVECOT_PASSWORD, missingDovecotImap, startDovecotImap, type DovecotServer } from '../../test/harness/dovecot.ts';
import { clientTlsFrom } from '../net/tls.ts';
import type { Placement } from '../contract/placement.ts';
import { checkSeed, findInSeed, type SeedAccess } from './seed-mailbox.ts';

const missing = missingDovecotImap();
let dovecot: DovecotServer;
before(async () => {
  if (missing === false) dovecot = await startDovecotImap();
});
after(async () => dovecot?.stop());

const access = (user: string): SeedAccess => ({ target: { host: '127.0.0.1', port: dovecot.port, security: 'none' }, credentials: { username: user, password: DOVECOT_PASSWORD }, tls: clientTlsFrom() });

function fill(user: string, folder: string, messages: readonly string[]): void {
  const root = join(dovecot.maildir(user), folder);
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  for (const [at, id] of messages.entries()) writeFileSync(join(root, 'new', `${1_700_000_000 + at}.M${at}.host`), `Message-ID: ${id}\nFrom: a@example.org\nAuthentication-Results: provider.example; spf=pass smtp.mailfrom=a@example.org\n\nx\n`);
  execFileSync('chown', ['-R', '65534:65534', join(dovecot.maildir(user), '..')]);
}

it('finds mail in the spam folder of a French mailbox with thousands of messages', { skip: missing }, async () => {
  fill('seed', '', Array.from({ length: 3000 }, (_, at) => `<old${at}@example.org>`).concat('<inbox@example.org>'));
  fill('seed', '.Courrier ind&AOk-sirable', ['<spam@example.org>']);
  fill('seed', '.Archives.2026', ['<moved@example.org>']);
  const { folders } = await checkSeed(access('seed'));
  assert.deepEqual(folders.filter(({ place }) => place !== 'other').map(({ name, place }) => [name, place]).toSorted(), [['Courrier indésirable', 'spam'], ['INBOX', 'inbox']]);
  const now = Date.now();
  const wanted = ['<inbox@example.org>', '<spam@example.org>', '<moved@example.org>', '<nowhere@example.org>'].map((messageId) => ({ messageId, sentAt: now - 60_000 }) as unknown as Placement);
  const found = await findInSeed(access('seed'), wanted, now);
  assert.deepEqual(found.map(({ messageId, place, folder }) => [messageId, place, folder]), [['<inbox@example.org>', 'inbox', 'INBOX'], ['<spam@example.org>', 'spam', 'Courrier indésirable'], ['<moved@example.org>', 'other', 'Archives.2026']]);
});
