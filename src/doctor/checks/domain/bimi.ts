/** The logo beside the sender: BIMI. */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { parseTagList } from '../../../verify/tag-list.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DomainSubject } from '../../check.ts';
import { textsAt } from '../texts.ts';
import { applyingDmarc } from './dmarc-reading.ts';

/** What receivers take at most. */
const LOGO_BYTES_MAX = 32_768;

export const bimi = defineCheck<DomainSubject>({
  id: 'bimi', about: 'domain', title: 'Logo (BIMI)', weight: 0,
  why: 'Gmail, Yahoo and Apple show a logo beside mail of domains that enforce DMARC; it decides nothing about delivery.',
  link: 'https://bimigroup.org/implementation-guide/',
  run: async ({ dns, network }, { domain }) => {
    const name = `default._bimi.${domain}`;
    const texts = await textsAt(dns, name);
    if ('kind' in texts) return unanswered(name, texts);
    const records = texts.filter((text) => /^v=BIMI1\b/.test(text));
    const [record] = records;
    if (record === undefined) return skip(`${domain} has no logo.`);
    const example = `${name}. TXT "v=BIMI1; l=https://${domain}/logo.svg; a=https://${domain}/logo.pem"`;
    if (records.length > 1) return fail(`${domain} has ${records.length} BIMI records.`, 'Keep one.', example);
    const tags = parseTagList(record) ?? new Map<string, string>();
    const logo = tags.get('l') ?? '';
    if (logo === '') return skip(`${domain} declines to show a logo.`);
    if (!URL.canParse(logo) || !logo.startsWith('https://')) return fail(`The logo of ${domain} must be an https address; it is "${logo}".`, 'Publish this record, with your addresses.', example);
    const problem = network && (await logoProblem(network, new URL(logo)));
    if (problem !== undefined) return fail(problem, 'Serve an SVG file in the profile SVG Tiny P/S, at most 32 KB, over https.');
    const dmarc = await applyingDmarc(dns, domain);
    if (dmarc?.record.p === 'none') return warn('The logo is not shown while DMARC is p=none.', 'Go to p=quarantine or p=reject when all of your mail passes.');
    return tags.get('a') ? pass(`${domain} has a logo with a certificate.`) : warn('The logo has no certificate, so Gmail and Apple do not show it.', 'Get a mark certificate (VMC or CMC) and name it as a= in the record.');
  },
});

async function logoProblem({ fetch }: DoctorNetwork, url: URL): Promise<string | undefined> {
  const answer = await fetch({ host: url.hostname, port: url.port === '' ? 443 : Number(url.port), path: `${url.pathname}${url.search}`, accept: 'image/svg+xml', bytesMax: LOGO_BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs });
  if (answer.kind === 'failure') return answer.reason === 'too-large' ? 'The logo is larger than 32 KB.' : undefined;
  if (answer.status !== 200) return `${url.href} answers with HTTP status ${answer.status}.`;
  const text = answer.body.toString('latin1');
  if (!/<svg[\s>]/.test(text)) return `${url.href} is no SVG file.`;
  return /<script[\s>]|<image[\s>]|<foreignObject[\s>]/i.test(text) ? 'The logo holds scripts or pictures, which are not allowed in it.' : undefined;
}
