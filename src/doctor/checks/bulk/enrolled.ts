/** Are we enrolled where the large providers tell senders how they do? */
import { defineCheck, pass, skip, warn, type HostSubject } from '../../check.ts';

const PROGRAMMES = [
  { programme: 'google', sites: ['google'], name: 'Google Postmaster Tools', how: 'https://postmaster.google.com: add each domain, prove it by a TXT record' },
  { programme: 'yahoo', sites: ['yahoo'], name: 'Yahoo’s complaint feedback loop', how: 'https://senders.yahooinc.com: enrol each DKIM domain; complaints come by mail' },
  { programme: 'microsoft', sites: ['outlook', 'office365', 'mx-microsoft'], name: 'Microsoft SNDS and JMRP', how: 'https://sendersupport.olc.protection.outlook.com/snds: ask for access to your addresses, then join JMRP' },
] as const;

export const enrolled = defineCheck<HostSubject>({
  id: 'enrolled', about: 'host', title: 'Enrolled with providers', weight: 0.5,
  why: 'They tell enrolled senders how many of their users complain, and about what, before they refuse mail.',
  link: 'https://support.google.com/a/answer/9981691',
  run: async (_context, { figures }) => {
    if (!figures) return skip('No server is configured here.');
    const wanted = PROGRAMMES.filter(({ sites }) => sites.some((site) => figures.sites.includes(site)));
    if (wanted.length === 0) return skip('No mail went to Gmail, Yahoo or Microsoft in the last week.');
    const known = new Map(figures.enrolled.map(({ programme, how }) => [programme, how]));
    const missing = wanted.filter(({ programme }) => !known.has(programme));
    if (missing.length === 0) return pass(`Enrolled: ${wanted.map(({ programme, name }) => `${name} (${known.get(programme)})`).join(', ')}.`);
    return warn(`Not enrolled, as far as is known here: ${missing.map(({ name }) => name).join(', ')}.`, `Enrol, which costs nothing: ${missing.map(({ how }) => how).join('; ')}. Then write it down: [doctor] enrolled = [${[...known.keys(), ...missing.map(({ programme }) => programme)].map((name) => `"${name}"`).join(', ')}] in posthorn.toml. Step by step: docs/guides/reputation.md.`);
  },
});
