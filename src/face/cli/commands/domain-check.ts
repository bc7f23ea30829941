/** `posthorn domain check`: are domains on the DNS lists that receivers ask about links and senders? */
import type { Command } from 'commander';
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import { printable } from '../../../base/table.ts';
import { checkDomains, type DomainListing } from '../../../manage/directory/domain-check.ts';
import { checkedDomain } from '../../../manage/doctor/policy-checks.ts';
import { leaf, type Registry } from '../command.ts';
import type { Output } from '../output.ts';
import { type CommonOptions, UsageError } from '../session.ts';
import { withVerifyContext } from './verify-context.ts';

export function addCheck(registry: Registry, domain: Command): void {
  const { session } = registry;
  leaf<CommonOptions>(registry, domain, 'check', 'are domains on DNS lists (DBL, SURBL, URIBL), and how to get off', '<domain...>', async (options, ...given) => {
    const names = (given as unknown as (string | readonly string[])[]).flat();
    if (names.length > DOCTOR_LIMITS.addressesMax) throw new UsageError(`name at most ${DOCTOR_LIMITS.addressesMax} domains`);
    const domains = [...new Set(names.map(checkedDomain))];
    const listings = await withVerifyContext(session, options, (context) => checkDomains(context, domains));
    if (options.json) session.out.json({ domains, listings });
    else show(session.out, listings);
    return listings.some(({ verdict }) => verdict === 'listed') ? 1 : 0;
  });
}

const WORDS: Readonly<Record<DomainListing['verdict'], readonly [style: 'green' | 'yellow' | 'red' | 'dim', word: string]>> = {
  listed: ['red', 'listed'],
  grey: ['yellow', 'grey'],
  unknown: ['dim', 'unknown'],
  clean: ['green', 'clean'],
};

function show(out: Output, listings: readonly DomainListing[]): void {
  for (const { domain, zone, title, verdict, detail, advice, removal } of listings) {
    const [style, word] = WORDS[verdict];
    out.line(`${out.style(style, word.padEnd(8))} ${domain} at ${title} (${zone})${detail === '' ? '' : `: ${printable(detail)}`}`);
    if (advice !== undefined) out.line(`${' '.repeat(9)}do: ${advice}${removal === undefined ? '' : ` (${removal})`}`);
  }
}
