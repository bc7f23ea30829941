/** postmaster@ and abuse@: where others complain before they block. */
import { defineCheck, fail, pass, skip, type DomainSubject } from '../../check.ts';

export const roleAddresses = defineCheck<DomainSubject>({
  id: 'role-addresses', about: 'domain', title: 'postmaster@ and abuse@', weight: 0.5,
  why: 'Receivers and people write there when something is wrong; feedback loops ask for it.',
  link: 'https://www.rfc-editor.org/rfc/rfc2142',
  run: async (_context, { domain, unreachable, use }) => {
    if (use === 'send-only') return skip(`${domain} only sends from here: its mailboxes are elsewhere.`);
    if (!unreachable) return skip(`The addresses of ${domain} are not known here.`);
    if (unreachable.length === 0) return pass(`postmaster@${domain} and abuse@${domain} reach somebody.`);
    return fail(`${unreachable.map((name) => `${name}@${domain}`).join(' and ')} reach${unreachable.length === 1 ? 'es' : ''} nobody.`, `Lead them to somebody: ${unreachable.map((name) => `posthorn alias add ${name}@${domain} you@${domain}`).join('; ')}`);
  },
});
