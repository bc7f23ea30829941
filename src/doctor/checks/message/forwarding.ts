/** Forwarded mail keeps its signatures, and leaves with a return path of ours (SRS). */
import { defineCheck, fail, pass, skip, unanswered, warn, type HostSubject } from '../../check.ts';

export const forwarding = defineCheck<HostSubject>({
  id: 'forwarding', about: 'host', title: 'Forwarding', weight: 0.5,
  why: 'A forwarder that keeps the envelope sender fails the SPF of that sender, and gets the blame for it.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-11.5',
  run: async ({ dns }, { server, hostname }) => {
    if (!server?.handling) return skip('No server is configured here.');
    const { rewriteSender, readsBack, returnPath, srsDomain } = server.handling.forwarding;
    if (!rewriteSender) return warn('Forwarded mail keeps its signatures, but also its envelope sender, so its SPF fails at the next server.', 'Set rewrite-sender = true in [forwarding] of posthorn.toml.');
    if (!readsBack) return fail(`A bounce to the return path ${returnPath} would not find its way back.`, 'Make new keys: posthorn srs rotate');
    if (srsDomain !== undefined) {
      const [mx, a] = await Promise.all([dns.query(srsDomain, 'MX'), dns.query(srsDomain, 'A')]);
      if (mx.kind === 'failure') return unanswered(`The MX of ${srsDomain}`, mx);
      if (mx.kind !== 'found' && a.kind !== 'found') return fail(`Bounces of forwarded mail go to ${srsDomain}, which takes no mail.`, 'Publish this record, or leave srs-domain out.', `${srsDomain}. MX 10 ${hostname}.`);
    }
    return pass('Forwarded mail keeps its signatures and leaves with a return path of this server (SRS).');
  },
});
