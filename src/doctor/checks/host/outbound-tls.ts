/** Is our mail encrypted on its way? From what this server counted itself. */
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';

/** Fewer sessions say nothing. */
const SESSIONS_MIN = 5;

export const outboundTls = defineCheck<HostSubject>({
  id: 'outbound-tls', about: 'host', title: 'Our mail is encrypted on its way', weight: 1, cap: 5,
  why: 'Gmail demands TLS of whoever sends much, and marks mail that came in the clear.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { server }) => {
    const figures = server?.outboundTls;
    if (!figures || figures.sessions < SESSIONS_MIN) return skip('Too little mail left in the last two days to tell.');
    const { sessions, encrypted } = figures;
    const text = `${encrypted} of ${sessions} connections to other servers in the last two days were encrypted.`;
    if (encrypted === 0) return fail(text, 'Look for [[tls-policy]] tables with level = "none" and take them out; a smarthost should have tls = "verify". If a firewall strips STARTTLS, ask who runs it.');
    return encrypted * 2 < sessions ? warn(text, 'posthorn report tls shows with whom it was not; some old servers cannot, and that is their matter.') : pass(text);
  },
});
