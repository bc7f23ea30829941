/**
 * A Postfix with as many messages in its hold queue. One comes in through its door; the others are copies of its file under
 * names of their own, which is what `postqueue` reads: through the door a hundred thousand would take two minutes.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, linkSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startPostfix, type Contestant } from '../relay/contestants.ts';
import { sendWithSmtpSource } from '../relay/load.ts';

/** Of one file; ext4 allows 65,000. */
const LINKS_MAX = 60_000;

export interface HeldPostfix {
  readonly postfix: Contestant;
  readonly configDir: string;
}

/** Undefined, with a word about it, where Postfix is missing or the user is not root. */
export async function startHeldPostfix(dir: string, port: number, messages: number): Promise<HeldPostfix | undefined> {
  if (!existsSync('/usr/sbin/postqueue') || process.getuid?.() !== 0) {
    console.log('without Postfix: its package is missing, or this is not root');
    return undefined;
  }
  const postfix = await startPostfix(dir, port, port + 1, 'plain');
  const configDir = join(dir, 'postfix');
  try {
    await hold(configDir, port, join(dir, 'postfix-queue/hold'), messages);
    return { postfix, configDir };
  } catch (error) {
    await postfix.stop();
    throw error;
  }
}

async function hold(configDir: string, port: number, folder: string, messages: number): Promise<void> {
  spawnSync('postconf', ['-c', configDir, '-e', 'smtpd_recipient_restrictions=static:hold,permit']);
  spawnSync('postfix', ['-c', configDir, 'reload']);
  await sendWithSmtpSource(port, { messages: 1, sessions: 1, messageBytes: 400, reuse: false });
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error('Postfix held nothing');
  multiply(join(folder, name), folder, messages - 1);
}

/** So many more of the file, under names as Postfix gives them. */
function multiply(file: string, folder: string, count: number): void {
  const { uid, gid, mode } = statSync(file);
  let linked = file;
  for (let at = 1; at <= count; at++) {
    const path = join(folder, (0xa0000000 + at).toString(16).toUpperCase());
    if (at % LINKS_MAX !== 0) {
      linkSync(linked, path);
      continue;
    }
    copyFileSync(file, path);
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    linked = path;
  }
}
