/** In which folder do test messages land? */
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';
import { percent } from '../bulk/share.ts';

const GOOD = 0.9;
const BAD = 0.7;

export const placement = defineCheck<HostSubject>({
  id: 'placement', about: 'host', title: 'Inbox or junk', weight: 1,
  why: 'That a provider took a message does not mean that anybody sees it.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { figures }) => {
    const placed = figures?.placement?.placed ?? [];
    const all = placed.reduce((sum, { inbox, junk, missing }) => sum + inbox + junk + missing, 0);
    if (!figures?.placement) return skip('There are no seed accounts: posthorn placement seed add.');
    if (all === 0) return skip('No test message was sent to the seed accounts in the last week: posthorn placement test.');
    const share = placed.reduce((sum, { inbox }) => sum + inbox, 0) / all;
    const by = placed.map(({ provider, inbox, junk, missing }) => `${provider} ${inbox} of ${inbox + junk + missing}`).join(', ');
    const text = `${percent(share)} of ${all} test messages of the last week reached the inbox (${by}).`;
    if (share >= GOOD) return pass(text);
    const remedy = 'Look at what each provider wrote into the messages: posthorn placement show. Then compare streams, and mend what else this examination found.';
    return share >= BAD ? warn(text, remedy) : fail(text, remedy);
  },
});
