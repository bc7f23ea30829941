/** Does an address always introduce itself by the same name? */
import { defineCheck, pass, warn, type AddressSubject } from '../../check.ts';

const ID = 'helo-stable';
const LOOK_BACK_MS = 30 * 86_400_000;

export const heloStable = defineCheck<AddressSubject>({
  id: ID, about: 'address', title: 'EHLO name stays', weight: 0.5,
  why: 'Malware changes the name by which it introduces itself; lists take an address that does so for infected.',
  link: 'https://www.spamhaus.org/blocklists/exploits-blocklist/',
  run: async ({ now }, { address, helo, server }) => {
    const past = (server?.earlier ?? []).filter(({ check, subject, lastAt }) => check === ID && subject === address && now - lastAt < LOOK_BACK_MS);
    const others = [...new Set(past.map(({ text }) => nameIn(text)))].filter((name) => name !== undefined && name !== helo);
    if (others.length === 0) return pass(`${address} introduces itself as ${helo}.`);
    return warn(`${address} introduces itself as ${helo}; within 30 days it said ${others.join(' and ')}.`, 'Choose one name for each address (hostname, or helo in [[outbound.ip]]) and keep it.');
  },
});

/** What this check said in an earlier run. */
function nameIn(text: string): string | undefined {
  return / introduces itself as ([a-z0-9._-]+?)(?:;|\.$)/i.exec(text)?.[1];
}
