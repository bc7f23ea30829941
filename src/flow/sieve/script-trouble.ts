/** What a user finds in the inbox when their script failed. */
import { composeMessage } from '../../mail/compose.ts';

export interface ScriptTrouble {
  readonly account: string;
  readonly hostname: string;
  readonly script: string;
  readonly problems: readonly string[];
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function scriptTrouble({ account, hostname, script, problems, id, now }: ScriptTrouble): Buffer {
  const text = [
    `Your Sieve script "${script}" could not be carried out for a message that just came:`,
    '',
    ...problems.map((problem) => `  ${problem}`),
    '',
    'The message was not lost: it is where it would be without the script. As long as the script',
    'is not mended, the same can happen to others; you are told once a day.',
    '',
  ].join('\n');
  return composeMessage({
    from: { name: 'Mail server', address: `postmaster@${hostname}` },
    to: [account],
    subject: `Your Sieve script "${script}" has a problem`,
    text,
    date: now,
    messageId: `<${id}@${hostname}>`,
    headers: [['Auto-Submitted', 'auto-generated']],
  });
}
