/** Is the reverse name one that the owner chose? */
import { parseIp, reverseName } from '../../../verify/ip-address.ts';
import { judgeName } from '../../../verify/iprev/generic-name.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type AddressSubject } from '../../check.ts';

const REMEDY = 'Have the hosting provider set the reverse name ("reverse DNS") to the host name of this server, such as mail.your-domain; that name must have this address as its A or AAAA record, where your domain is managed.';

export const ownName = defineCheck<AddressSubject>({
  id: 'own-name', about: 'address', title: 'Reverse name of its own', weight: 1,
  why: 'Names that hold the address or words of access lines are taken for homes and for machines that nobody looks after.',
  link: 'https://www.rfc-editor.org/rfc/rfc8601#section-3',
  run: async ({ dns }, { address }) => {
    const ip = parseIp(address);
    const answer = ip && (await dns.query(reverseName(ip), 'PTR'));
    if (!ip || !answer || (answer.kind !== 'found' && answer.kind !== 'failure')) return skip(`${address} has no reverse name.`);
    if (answer.kind === 'failure') return unanswered(`The reverse name of ${address}`, answer);
    const name = answer.records[0] ?? '';
    const judgement = judgeName(name, ip);
    if (judgement.kind === 'own') return pass(`${name} is a name of its own.`);
    if (judgement.kind === 'provider') return warn(`${name} looks like the name that the provider gives to every machine (${judgement.why}).`, REMEDY);
    return fail(`${name} looks like an access line (${judgement.why}).`, REMEDY);
  },
});
