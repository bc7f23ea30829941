/**
 * The process that mailbox-kill.test.ts kills: three clients that append, copy, move, flag, expunge and undelete at random
 * in two folders. What was acknowledged is written to a log before the next order.
 *
 *     added FOLDER UID SUBJECT      modseq FOLDER N
 */
import { appendFileSync } from 'node:fs';
import { BufferSource } from '../../src/base/byte-source.ts';
import type { FolderFacts } from '../../src/contract/mailbox.ts';
import { openStore } from '../../src/store/store.ts';
import { generator } from './seeded.ts';

const [dir = '', logFile = '', seed = '', round = ''] = process.argv.slice(2);
const ACCOUNT = 'alice@example.org';
const store = await openStore(dir, { readerThread: true });
const { folders, messages } = store.mailbox;
const note = (line: string): void => appendFileSync(logFile, `${line}\n`);

async function places(): Promise<readonly FolderFacts[]> {
  const found = await Promise.all(['One', 'Two'].map((name) => folders.find(ACCOUNT, name)));
  return found.filter((one) => one !== undefined);
}

async function client(name: string, random: () => number): Promise<never> {
  const both = await places();
  const pick = <T>(of: ArrayLike<T>): T => of[Math.floor(random() * of.length)] as T;
  for (let count = 0; ; count += 1) {
    const folder = pick(both);
    const other = pick(both);
    const { uids = new Uint32Array(0) } = (await messages.snapshot(folder.id))?.messages ?? {};
    const uid = uids.length === 0 ? 1 : pick(uids);
    const order = random();
    if (order < 0.4) {
      const subject = `${name}-${count}`;
      const content = new BufferSource(Buffer.from(`Subject: ${subject}\r\n\r\n${'x'.repeat(random() < 0.1 ? 300_000 : 500)}\r\n`));
      const result = await messages.append(folder.id, [{ content, flags: [], internalDate: count }]);
      note(`added ${folder.id} ${result.uids[0]} ${subject}`);
      note(`modseq ${folder.id} ${result.highestModseq}`);
    } else if (order < 0.5) {
      const { to, highestModseq } = await messages.copy(folder.id, [[uid, uid + 3]], other.id);
      for (const one of to) note(`added ${other.id} ${one} -`);
      note(`modseq ${other.id} ${highestModseq}`);
    } else if (order < 0.65) {
      const { to } = await messages.move(folder.id, [[uid, uid + 1]], other.id);
      for (const one of to) note(`added ${other.id} ${one} -`);
    } else if (order < 0.8) {
      note(`modseq ${folder.id} ${(await messages.setFlags({ folder: folder.id, uids: [[uid, uid + 2]], mode: 'add', flags: ['\\Deleted', `k${count % 5}`] })).highestModseq}`);
    } else if (order < 0.95) {
      note(`modseq ${folder.id} ${(await messages.expunge(folder.id)).highestModseq}`);
    } else {
      await store.retention.undelete({ account: ACCOUNT, folder: folder.name });
    }
  }
}

const random = generator(Number(seed) + Number(round));
note('ready');
await Promise.all(['a', 'b', 'c'].map((name) => client(`${round}${name}`, random)));
