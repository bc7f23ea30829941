/** Exit statuses that callers of sendmail and mailq know (BSD sysexits), and how they come about. */
import { Failure } from '../../base/errors.ts';
import { sentence } from '../../base/table.ts';
import { ConfigError } from '../../config/problem.ts';
import { type Session, UsageError } from '../cli/session.ts';
import type { SocketReply } from '../submit/submit-socket.ts';

export const EX = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noInput: 66,
  noUser: 67,
  noHost: 68,
  unavailable: 69,
  software: 70,
  systemError: 71,
  ioError: 74,
  temporaryFailure: 75,
  noPermission: 77,
  configuration: 78,
} as const;

/** Runs a drop-in; what it rejects with is told under its name. */
export async function withSysexits(program: string, session: Session, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) return complain(program, session, error.message, EX.configuration);
    if (error instanceof UsageError) return complain(program, session, error.message, EX.usage);
    if (error instanceof Failure) return complain(program, session, error.message, statusOfFailure(error));
    throw error;
  }
}

/** One line on stderr for each of the message; gives the status back. */
export function complain(program: string, session: Session, message: string, status: number): number {
  session.out.note(message.split('\n').map((line) => `${program}: ${sentence(line)}`).join('\n'));
  return status;
}

function statusOfFailure(error: Failure): number {
  if (error.code.startsWith('config-')) return EX.configuration;
  if (error.code === 'message-too-large') return EX.unavailable;
  if (error.code === 'forbidden') return EX.noPermission;
  return error.temporary ? EX.temporaryFailure : EX.unavailable;
}

/** RFC 3463 §3.2: 1.1 no such mailbox, 1.2 no such host. */
export function statusOfReply({ code, text }: SocketReply): number {
  if (code < 500) return EX.temporaryFailure;
  if (/^5\.1\.(1|6|10)\b/.test(text)) return EX.noUser;
  if (/^5\.1\.2\b/.test(text)) return EX.noHost;
  if (text.startsWith('5.6.')) return EX.dataError;
  if (text.startsWith('5.7.')) return EX.noPermission;
  return EX.unavailable;
}
