/** Bounces of this server are reports that programs can read (RFC 3464), and that no program answers. */
import { parseDsn } from '../../../mail/dsn.ts';
import { firstField, parseHeader } from '../../../mail/header.ts';
import { defineCheck, fail, pass, skip, warn, type HostSubject } from '../../check.ts';

export const bounceForm = defineCheck<HostSubject>({
  id: 'bounce-form', about: 'host', title: 'Bounces', weight: 0.5,
  why: 'Programs of senders read bounces to clean their lists. Bounces to senders that were forged hit strangers, and get a server listed.',
  link: 'https://www.rfc-editor.org/rfc/rfc3464',
  run: async (_context, { server }) => {
    if (!server?.handling) return skip('No server is configured here.');
    const bounce = Buffer.from(server.handling.bounce, 'base64');
    const report = parseDsn(bounce);
    const recipient = report?.recipients[0];
    if (!report || !recipient || recipient.status === '' || report.reportingMta === undefined) return fail('A bounce that was made to be looked at is no delivery report.', 'This is a fault of the program: please report it.');
    const automatic = firstField(parseHeader(bounce).fields, 'auto-submitted')?.value ?? '';
    if (!/^auto-/i.test(automatic)) return warn('Bounces do not say that a program wrote them.', 'This is a fault of the program: please report it.');
    return pass('Bounces are delivery reports from the null sender. Unknown recipients are refused within the session, and nobody who did not prove to be the sender gets one.');
  },
});
