/** How many of those who got our mail said that it is spam. */
import { defineCheck, fail, pass, skip, warn, type DomainSubject } from '../../check.ts';
import { percent } from './share.ts';

/** Of Gmail's and Yahoo's rules for senders: keep below the first, never reach the second. */
const GOOD = 0.001;
const BAD = 0.003;
const REMEDY = 'Pause the mailing that they are about (posthorn queue pause), send only to people who asked for it, and make unsubscribing easier than complaining. See who complained: posthorn report arf.';
/** With less mail than this one complaint decides everything. */
const DELIVERED_MIN = 1000;

export const complaints = defineCheck<DomainSubject>({
  id: 'complaints', about: 'domain', title: 'Complaints', weight: 2,
  why: 'Providers count how many of their users press "spam"; from three in a thousand on they refuse or hide all mail of the domain, also what was asked for.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { domain, figures }) => {
    const gmail = figures?.gmailSpam;
    // Gmail counts its own users itself: better than what little of it comes here.
    if (gmail && gmail.share >= GOOD) return (gmail.share < BAD ? warn : fail)(`Gmail says that ${percent(gmail.share)} of the mail of ${domain} in inboxes was called spam on ${gmail.day}; it should be below ${percent(GOOD)}, and from ${percent(BAD)} on Gmail refuses mail.`, REMEDY);
    if (!figures?.complaints) return skip('Complaints are not read here.');
    const delivered = figures.sites.reduce((sum, site) => sum + site.delivered, 0);
    const count = figures.complaints.reduce((sum, each) => sum + each.count, 0);
    if (count === 0) return pass(`No complaint about mail of ${domain} came in the last week (${delivered} delivered).`);
    const share = count / Math.max(delivered, count);
    const by = figures.complaints.filter((each) => each.count > 0).map((each) => `${each.provider} ${each.count}`).join(', ');
    const text = `${count} complaints about ${delivered} messages of ${domain} delivered in the last week: ${percent(share)} (${by}).`;
    if (share < GOOD) return pass(text);
    if (delivered < DELIVERED_MIN) return warn(`${text} That is too little mail for a rate to be sure.`, REMEDY);
    return share < BAD ? warn(`${text} It should be below ${percent(GOOD)}.`, REMEDY) : fail(`${text} From ${percent(BAD)} on, providers refuse mail.`, REMEDY);
  },
});
