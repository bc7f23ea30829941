/** What is told of refusals that no rule knows, for `queue why`, trace and notices: what was seen, and what follows. Pure. */
import type { OpenRefusals } from './refusal-record.ts';
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import { timeOf } from './lane.ts';

export interface SeenRefusals {
  readonly source: string;
  readonly siteTitle: string;
  /** The mail answers for it; '' for none. */
  readonly domain: string;
  readonly now: number;
  readonly stage: 'opening' | 'recipient' | 'message';
  readonly open: OpenRefusals;
  /** Those who went back before. */
  readonly returned: number;
  readonly wantsLogin: boolean;
  /** Other sites that refused everybody in these words. */
  readonly elsewhere: readonly string[];
}

export function blockText(seen: SeenRefusals, ofOneDomain: boolean): string {
  return `${whatWasSeen(seen)}${sameElsewhere(seen)} ${whomItMeans(seen, ofOneDomain)} Such mail waits, and nobody is suppressed.${returnedText(seen.returned)}`;
}

export function againText({ siteTitle }: Pick<SeenRefusals, 'siteTitle'>, took: boolean): string {
  const since = took ? ' It has taken mail since, and so this message is tried a few times more before it is returned.' : '';
  return `${siteTitle} has refused everybody within a day: it may be how it says that it had enough, and nothing about the recipient.${since}`;
}

/** Why a refusal that calls itself final is not yet believed. */
export function unclearText({ siteTitle, stage, open, wantsLogin }: SeenRefusals, tries: number, passedOver: number): string {
  const whom = stage === 'recipient' ? 'this recipient' : 'this message';
  const others = open.count > 1 ? ` ${howMany(open.count, stage)} were refused there since it last took ${stage === 'recipient' ? 'any' : 'such mail'}.` : '';
  const taken = passedOver > 0 ? ' It has taken other mail in between.' : ' Nothing else was taken there since.';
  const asked = tries > 1 ? ` It has said so ${tries} times.${taken}` : '';
  return `${siteTitle} ${wantsLogin ? 'asks for a log-in, which one mail server does not ask of another, and does not tell whether it means' : 'refuses for good, in words that do not tell whether they mean'} ${whom} or all mail from here.${others}${asked} It is asked again, a few times at most, before the message is returned.`;
}

export function givenUpText({ siteTitle, open, stage, wantsLogin }: SeenRefusals, tries: number, since: string): string {
  const others = open.count > 1 ? ` ${howMany(open.count, stage)} were refused there and none taken since ${timeOf(open.since)}, too few to tell a block from them.` : '';
  return `${siteTitle} has refused it ${tries} times since ${since}, ${wordsThat(wantsLogin)}.${others} Whom it means never came to light; the address is not suppressed.`;
}

export function provenText({ siteTitle, stage, wantsLogin }: Pick<SeenRefusals, 'siteTitle' | 'stage' | 'wantsLogin'>, tries: number): string {
  const whom = stage === 'recipient' ? 'this recipient' : 'this message';
  return `${siteTitle} has refused it ${tries} times, ${wordsThat(wantsLogin)}, and took other mail in between: it means ${whom}.`;
}

function wordsThat(wantsLogin: boolean): string {
  return wantsLogin ? 'asking for a log-in' : 'in words that do not tell whom they mean';
}

function whatWasSeen(seen: SeenRefusals): string {
  const { siteTitle, stage, open, now } = seen;
  if (stage === 'opening') return `${siteTitle} refuses before it has heard of a sender or recipient, in words that do not tell why.`;
  if (open.count < REPLY_LIMITS.alikeElsewhereMin) return `${siteTitle} goes on refusing in words that name nobody, and has taken nothing since it began to.`;
  const ofWhom = open.domains.size > 1 ? `, in mail of ${open.domains.size} domains,` : '';
  const [only] = open.domains;
  const none = stage === 'message' && open.domains.size === 1 && only !== '' ? `no mail of ${only}` : 'nothing';
  return `${howMany(open.count, stage)}${ofWhom} were refused at ${siteTitle} in ${wordsOf(open)} ${span(timeOf(open.since), timeOf(now))}, and ${none} was taken there in between.`;
}

function wordsOf({ count, inTheseWords }: OpenRefusals): string {
  return count === inTheseWords ? 'the same words' : 'words that do not tell whom they mean';
}

function howMany(count: number, stage: SeenRefusals['stage']): string {
  return `${count >= REPLY_LIMITS.alikeRemembered ? 'At least ' : ''}${count} ${stage === 'recipient' ? 'recipients' : 'messages'}`;
}

function sameElsewhere({ elsewhere }: SeenRefusals): string {
  const [first] = elsewhere;
  if (first === undefined) return '';
  return ` ${elsewhere.length === 1 ? first : `${first} and ${elsewhere.length - 1} more`} refused everybody in the same words.`;
}

function whomItMeans({ domain, source, open: { othersTaken }, wantsLogin }: SeenRefusals, ofOneDomain: boolean): string {
  if (wantsLogin) return 'It asks for a log-in, which a server that takes mail for a domain must not ask of others: that is for its postmaster to mend, and says nothing about the recipients.';
  const us = source === '' ? 'this server' : `our address ${source}`;
  if (!ofOneDomain) return `So it is ${us} that it does not want, and not its recipients.`;
  if (othersTaken) return `So it is mail of ${domain} that it does not want, and not its recipients; mail of others it takes.`;
  return `So it does not want mail of ${domain}, or from ${us}, and means no recipients; which of the two, mail of another domain would tell.`;
}

function span(first: string, last: string): string {
  return first === last ? `at ${first}` : `from ${first} to ${last}`;
}

function returnedText(returned: number): string {
  return returned === 0 ? '' : ` Before that could be seen ${returned === 1 ? 'one was' : `${returned} were`} returned to ${returned === 1 ? 'its sender' : 'their senders'}.`;
}
