/** Who runs the command: login name and full name from the system's user database. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Config } from '../../config/config.ts';
import type { Submitter } from './prepare-message.ts';

export function currentSubmitter(config: Config, environment: NodeJS.ProcessEnv): Submitter {
  const { username, uid } = safeUserInfo();
  const fullName = environment['NAME'] ?? gecosName(uid, username);
  const now = new Date();
  return {
    user: username,
    ...(fullName && { fullName }),
    origin: config.origin ?? config.hostname,
    hostname: config.hostname,
    now: now.getTime(),
    offsetMinutes: -now.getTimezoneOffset(),
  };
}

/** A user id without a name (containers) makes userInfo throw. */
function safeUserInfo(): { username: string; uid: number } {
  try {
    return userInfo();
  } catch {
    const uid = process.getuid?.() ?? 0;
    return { username: `uid${uid}`, uid };
  }
}

/** First part of the GECOS field; `&` stands for the login name. */
function gecosName(uid: number, username: string): string | undefined {
  try {
    const row = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find((fields) => fields[2] === String(uid));
    const name = row?.[4]?.split(',')[0]?.replaceAll('&', username[0]?.toUpperCase() + username.slice(1));
    return name || undefined;
  } catch {
    return undefined;
  }
}
