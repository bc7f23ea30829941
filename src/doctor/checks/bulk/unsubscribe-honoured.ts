/** Is somebody left alone who asked for it? */
import { defineCheck, fail, pass, skip, type DomainSubject } from '../../check.ts';

const SHOWN_MAX = 3;

export const unsubscribeHonoured = defineCheck<DomainSubject>({
  id: 'unsubscribe-honoured', about: 'domain', title: 'Unsubscribing is honoured', weight: 0.5,
  why: 'Gmail and Yahoo demand that who unsubscribes gets nothing more after two days; in many countries the law does, too.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { domain, figures }) => {
    if (!figures?.optOuts || figures.optOuts.asked === 0) return skip(`Nobody asked this server to get no more mail of ${domain} in the last month.`);
    const { asked, ignored } = figures.optOuts;
    if (ignored.length === 0) return pass(`All ${asked} who asked to get no more bulk mail of ${domain} in the last month were left alone.`);
    const names = ignored.slice(0, SHOWN_MAX).join(', ');
    return fail(`${ignored.length} of ${asked} who asked to get no more bulk mail of ${domain} got some more than two days later: ${names}${ignored.length > SHOWN_MAX ? ' …' : ''}.`, `Take them off the list that the mail is sent to, and stop it here until then: ${ignored.slice(0, SHOWN_MAX).map((address) => `posthorn suppression add ${address} --reason unsubscribed`).join('; ')}`);
  },
});
