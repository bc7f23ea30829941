/**
 * A Postfix with as many messages in its hold queue. One comes in through its door; the others are copies of its file under
 * names of their own, which is what `postqueue` reads: through the door a hundred thousand would take two minutes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPostfix, type Contestant } from '../relay/contestants.ts';
import { sendWithSmtpSource } from '../relay/load.ts';

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
  spawnSync('postconf', ['-c', configDir, '-e', 'smtpd_recipient_restrictions=static:hold,permit']);
  spawnSync('postfix', ['-c', configDir, 'reload']);
  await sendWithSmtpSource(port, { messages: 1, sessions: 1, messageBytes: 400, reuse: false });
  const hold = join(dir, 'postfix-queue/hold');
  const [name] = readdirSync(hold);
  if (name === undefined) throw new Error('Postfix held nothing');
  for (let at = 1; at < messages; at++) linkSync(join(hold, name), join(hold, (0xa0000000 + at).toString(16).toUpperCase()));
  return { postfix, configDir };
}
