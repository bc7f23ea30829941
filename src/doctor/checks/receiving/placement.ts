/** In which folder do test messages land? */
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';
import { percent } from '../bulk/share.ts';

const GOOD = 0.9;
const BAD = 0.7;
const SHOWN_MAX = 3;
const REPAIR_SEED = 'Log in to the mailbox with a mail program to see that its password still holds, then enter it again: posthorn placement seed add ADDRESS --password-stdin (or remove the account: posthorn placement seed remove ADDRESS).';

export const placement = defineCheck<HostSubject>({
  id: 'placement', about: 'host', title: 'Inbox or junk', weight: 1,
  why: 'That a provider took a message does not mean that anybody sees it.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { figures }) => {
    const placed = figures?.placement?.placed ?? [];
    const all = placed.reduce((sum, { inbox, junk, missing }) => sum + inbox + junk + missing, 0);
    if (!figures?.placement) return skip('There are no seed accounts: posthorn placement seed add.');
    const { unreadable = [] } = figures.placement;
    const troubles = unreadable.slice(0, SHOWN_MAX).map(({ seed, trouble }) => `${seed} (${trouble})`).join('; ');
    const unread = unreadable.length === 0 ? '' : `${unreadable.length} seed account${unreadable.length === 1 ? '' : 's'} could not be read: ${troubles}.`;
    if (all === 0 && unread !== '') return warn(unread, REPAIR_SEED);
    if (all === 0) return skip('No test message was sent to the seed accounts in the last week: posthorn placement test.');
    const share = placed.reduce((sum, { inbox }) => sum + inbox, 0) / all;
    const by = placed.map(({ provider, inbox, junk, missing }) => `${provider} ${inbox} of ${inbox + junk + missing}`).join(', ');
    const text = `${percent(share)} of ${all} test messages of the last week reached the inbox (${by}).`;
    if (share >= GOOD) return unread === '' ? pass(text) : warn(`${text} ${unread}`, REPAIR_SEED);
    const remedy = 'Look at what each provider wrote into the messages: posthorn placement show. Then compare streams, and mend what else this examination found.';
    const told = unread === '' ? text : `${text} ${unread}`;
    return share >= BAD ? warn(told, remedy) : fail(told, remedy);
  },
});
