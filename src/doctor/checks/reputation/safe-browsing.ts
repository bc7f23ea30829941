/** Does Google warn of the domain as a web site? Needs a key of the Safe Browsing API. */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import { defineCheck, fail, pass, skip, unknown, type DomainSubject } from '../../check.ts';

const BYTES_MAX = 100_000;

export const safeBrowsing = defineCheck<DomainSubject>({
  id: 'safe-browsing', about: 'domain', title: 'Safe Browsing', weight: 0.5,
  why: 'Mail with links to a site that browsers warn of goes to the spam folder; mostly the site was broken into.',
  link: 'https://transparencyreport.google.com/safe-browsing/search',
  run: async ({ network }, { domain }) => {
    const readKey = network?.safeBrowsingKey;
    if (!network || !readKey) return skip('Safe Browsing is not asked: no key is configured (safe-browsing-key-file in [doctor]).');
    const key = await readKey().catch(() => undefined);
    if (!key) return unknown('The file with the key of Safe Browsing cannot be read.');
    const threatInfo = { threatTypes: ['MALWARE', 'SOCIAL_ENGINEERING', 'UNWANTED_SOFTWARE'], platformTypes: ['ANY_PLATFORM'], threatEntryTypes: ['URL'], threatEntries: [{ url: `http://${domain}/` }, { url: `http://www.${domain}/` }] };
    const answer = await network.fetch({
      host: 'safebrowsing.googleapis.com', port: 443, path: '/v4/threatMatches:find', accept: 'application/json', bytesMax: BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs,
      headers: { 'x-goog-api-key': key },
      body: { mediaType: 'application/json', text: JSON.stringify({ client: { clientId: 'posthorn', clientVersion: '1' }, threatInfo }) },
    });
    if (answer.kind !== 'response' || answer.status !== 200) return unknown(`Safe Browsing did not answer (${answer.kind === 'response' ? `HTTP status ${answer.status}` : answer.detail}).`);
    const threats = threatsIn(answer.body);
    if (threats === undefined) return unknown('What Safe Browsing answered cannot be read.');
    if (threats.length === 0) return pass(`Google warns of nothing at ${domain}.`);
    return fail(`Browsers warn of the web site ${domain} (${threats.join(', ')}).`, 'Clean the web site, then ask for a review in Google Search Console (Security issues).');
  },
});

function threatsIn(body: Buffer): readonly string[] | undefined {
  try {
    const { matches = [] } = JSON.parse(body.toString('utf8')) as { readonly matches?: readonly { readonly threatType?: unknown }[] };
    return [...new Set(matches.map(({ threatType }) => String(threatType).toLowerCase().replaceAll('_', ' ')))];
  } catch {
    return undefined;
  }
}
