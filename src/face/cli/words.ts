/** Numbers in the words of people: ages, sizes, moments, replies. */
import { Failure } from '../../base/errors.ts';
import type { Reply } from '../../contract/message.ts';

/** Of a file that could not be read. */
export function fileUnreadable(file: string, cause: unknown): Failure {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : code === 'EISDIR' ? 'it is a folder' : (code ?? String(cause));
  return new Failure('file-unreadable', `cannot read ${file}: ${why}`, { temporary: false, cause });
}

/** `45s`, `12m`, `3h`, `5d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** `in 5m`, `3h ago`, `now`; times in milliseconds since 1970. */
export function moment(at: number, now: number): string {
  if (Math.abs(at - now) < 1000) return 'now';
  return at > now ? `in ${age(at - now)}` : `${age(now - at)} ago`;
}

export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)}K`;
  return `${(bytes / 1024 ** 2).toFixed(1)}M`;
}

export function formatReply({ code, enhanced, text }: Reply): string {
  return [code, enhanced, text].filter((part) => part !== undefined && part !== '').join(' ');
}
