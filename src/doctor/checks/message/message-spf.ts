/** SPF of the envelope sender passes, and belongs to the domain in From. */
import { defineCheck, fail, pass, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';
import { fromDomain, spfAligned } from './alignment.ts';

export const messageSpf = defineCheck<MessageSubject>({
  id: 'message-spf', about: 'message', title: 'SPF of the message', weight: 1.5,
  why: 'SPF says which addresses may send for a domain. Receivers look at the envelope sender, and DMARC wants it to be of the same domain as From.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208',
  run: async (_context, subject) => {
    const { spf } = subject.authentication;
    const { address } = subject.connection;
    if (!spf && subject.sample) return { level: 'unknown', text: 'From which address mail of this server reaches its receivers is not known: it goes through a relay, or no address was found.' };
    if (!spf) return { level: 'unknown', text: 'From which address and sender the message came is not known, so SPF says nothing. Name them with --ip, --helo and --sender.' };
    const domain = spf.domain || 'the sender';
    if (spf.result === 'temperror') return { level: 'unknown', text: `SPF of ${domain} could not be looked up now. ${spf.explanation}` };
    const from = fromDomain(subject);
    if (spf.result === 'pass') {
      if (from === undefined || spf.identity === 'helo' || spfAligned(subject)) return pass(`SPF of ${domain} passes${from === undefined || spf.identity === 'helo' ? '' : ', and belongs to the domain in From'}.`);
      return warn(`SPF passes for ${domain}, but From is of ${from}: for DMARC that does not count.`, `Send with an envelope sender (return path) of ${from} or a name below it; newsletter services call it a custom return path or bounce domain.`);
    }
    const term = address === undefined ? 'ip4:ADDRESS' : address.includes(':') ? `ip6:${address}` : `ip4:${address}`;
    if (spf.result === 'none') return fail(`${domain} publishes no SPF record, so nobody knows whether ${address ?? 'the sending address'} may send for it.`, 'Publish this record, with all other addresses that send for the domain in it, too.', `${domain}. TXT "v=spf1 mx ${term} ~all"`);
    if (spf.result === 'permerror') return fail(`The SPF record of ${domain} is wrong. ${spf.explanation}`, `Run posthorn spf explain ${domain} and correct what it names.`);
    return fail(`SPF of ${domain} gives ${spf.result}. ${spf.explanation}`, `If ${address ?? 'this address'} may send for ${domain}, put ${term} into its SPF record, before the term that ends in "all".`);
  },
});
