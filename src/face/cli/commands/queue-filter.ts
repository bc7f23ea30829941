/** The options with which every command on the queue says which recipients it means. */
import { Option, type Command } from 'commander';
import { STREAMS } from '../../../contract/sending.ts';
import { durationOption } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';

export interface FilterOptions extends CommonOptions {
  readonly sender?: string;
  readonly recipient?: string;
  readonly domain?: string;
  readonly site?: string;
  readonly state?: 'queued' | 'held';
  readonly stream?: string;
  readonly account?: string;
  readonly rule?: string;
  readonly culprit?: string;
  readonly text?: string;
  /** Milliseconds. */
  readonly older?: number;
  readonly newer?: number;
}

export function withFilter(command: Command): Command {
  return command
    .option('--sender <address>', 'only from this envelope sender; @DOMAIN for all of a domain, "<>" for bounces')
    .option('--recipient <address>', 'only to this recipient; @DOMAIN for all of a domain')
    .option('--domain <domain>', 'only to recipients of this domain')
    .option('--site <site>', 'only to this MX site, by the name that queue stats shows')
    .addOption(new Option('--state <state>', 'only in this state').choices(['queued', 'held']))
    .addOption(new Option('--stream <stream>', 'only of this stream').choices(STREAMS))
    .option('--account <address>', 'only from this account')
    .option('--older <duration>', 'only what is in the queue for at least so long, such as 4h', durationOption)
    .option('--newer <duration>', 'only what came within this time', durationOption)
    .option('--rule <rule>', 'only where the last reply means this, by the name that queue why shows')
    .option('--culprit <culprit>', 'only where the last reply blames this, such as source-ip')
    .option('--text <text>', 'only with this text in the reason or the last reply');
}

export function filterArgs(options: FilterOptions): Record<string, unknown> {
  const { sender, recipient, domain, site, state, stream, account, rule, culprit, text, older, newer } = options;
  const args = { sender, recipient, domain, site, state, stream, account, rule, culprit, text, olderMs: older, newerMs: newer };
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

/** Says what a filter by site could not find out. */
export function noteUnknownSites({ out }: Session, unknown: number | undefined): void {
  if (unknown === undefined || unknown === 0) return;
  out.note(`${unknown} recipient domain${unknown === 1 ? '' : 's'} with mail that was never tried: the site is not known now (the server does not run, or DNS does not answer), and they are not counted to any`);
}

export function idList(ids: unknown): string[] {
  return [ids ?? []].flat() as string[];
}
