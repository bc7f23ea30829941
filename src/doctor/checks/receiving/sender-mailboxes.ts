/** From and Reply-To addresses of our mail take answers. */
import { defineCheck, fail, pass, skip, type DomainSubject } from '../../check.ts';

const SHOWN_MAX = 5;
const FIELDS = { from: 'From', 'reply-to': 'Reply-To' } as const;

export const senderMailboxes = defineCheck<DomainSubject>({
  id: 'sender-mailboxes', about: 'domain', title: 'Sender addresses take mail', weight: 0.5,
  why: 'People answer, and some receivers ask our server whether the sender exists before they take the mail.',
  link: 'https://www.rfc-editor.org/rfc/rfc5322#section-3.6.2',
  run: async (_context, { domain, figures, use }) => {
    if (use === 'send-only') return skip(`${domain} only sends from here: its mailboxes are elsewhere.`);
    if (!figures || figures.senders.length === 0) return skip(`No mail of ${domain} was seen in the last week.`);
    const dead = figures.senders.filter(({ reached }) => !reached);
    if (dead.length === 0) return pass(`All ${figures.senders.length} From and Reply-To addresses of ${domain} in recent mail reach somebody.`);
    const text = dead.slice(0, SHOWN_MAX).map(({ address, field }) => `${address} (${FIELDS[field]})`).join(', ');
    return fail(`Mail of ${domain} names addresses that nobody gets mail for: ${text}${dead.length > SHOWN_MAX ? ' …' : ''}.`, `Lead them to somebody: ${dead.slice(0, SHOWN_MAX).map(({ address }) => `posthorn alias add ${address} you@${domain}`).join('; ')}`);
  },
});
