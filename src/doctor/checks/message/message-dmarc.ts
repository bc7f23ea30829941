/** DMARC passes: SPF or DKIM proves the domain in From. */
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';
import { dkimAligned, fromDomain, spfAligned } from './alignment.ts';

export const messageDmarc = defineCheck<MessageSubject>({
  id: 'message-dmarc', about: 'message', title: 'DMARC of the message', weight: 1, cap: 4,
  why: 'Receivers believe From only when SPF or DKIM proves it. Gmail, Yahoo and Microsoft refuse bulk mail that fails.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async (_context, subject) => {
    const { dmarc } = subject.authentication;
    const from = fromDomain(subject);
    if (from === undefined || dmarc.result === 'permerror') return skip('From names no single domain, so there is nothing to prove.');
    if (dmarc.result === 'temperror') return { level: 'unknown', text: subject.authentication.spf ? dmarc.explanation : `No signature proves ${from}, and the sending address is not known: whether SPF does cannot be told.` };
    if (dmarc.result === 'pass') return pass(dmarc.explanation);
    if (dmarc.result === 'fail') {
      const asks = dmarc.policy === undefined || dmarc.policy === 'none' ? '' : ` ${from} asks receivers to ${dmarc.policy} such mail.`;
      return fail(`${dmarc.explanation}${asks}`, `Sign with DKIM for d=${from}; or send from an address that its SPF record names, with an envelope sender of ${from}.`);
    }
    const record = `_dmarc.${from}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${from}"`;
    if (spfAligned(subject) || dkimAligned(subject)) return warn(`${from} is proven, but publishes no DMARC record, which large receivers want.`, 'Publish this one; it enforces nothing yet and asks for reports.', record);
    if (!subject.authentication.spf) return { level: 'unknown', text: `${from} publishes no DMARC record, and the sending address is not known: whether SPF proves it cannot be told.` };
    return fail(`Nothing proves that the message is of ${from}, which publishes no DMARC record either.`, `Sign with DKIM for d=${from}, and publish this record.`, record);
  },
});
