/**
 * Does unsubscribing work? The POST of RFC 8058 is tried only with links that went to an address which is there for trying
 * ([doctor] unsubscribe-test): it would really unsubscribe anybody else. Of other links only the site is asked, without
 * what names the person.
 */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import type { HttpsAnswer, HttpsFetch } from '../../../contract/https-fetch.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type DomainSubject, type Finding } from '../../check.ts';

const BYTES_MAX = 65_536;
const HTTPS_PORT = 443;
const TRIED_AGAIN = 'Tried again at the next examination.';

export const unsubscribeWorks = defineCheck<DomainSubject>({
  id: 'unsubscribe-works', about: 'domain', title: 'Unsubscribing works', weight: 0.5,
  why: 'Mail programs unsubscribe with one request in the background; when it fails, people press "spam" next time.',
  link: 'https://www.rfc-editor.org/rfc/rfc8058#section-3.2',
  run: async ({ network }, { domain, figures }) => {
    if (!figures) return skip('The mail of this domain is not known here.');
    const chosen = figures.unsubscribe.find(({ trial }) => trial) ?? figures.unsubscribe[0];
    if (!chosen) return skip(`No mail of ${domain} with a one-click link was seen in the last week.`);
    const url = URL.canParse(chosen.url) ? new URL(chosen.url) : undefined;
    if (url?.protocol !== 'https:') return fail(`${shown(chosen.url)} is no https address.`, 'Put an https address into List-Unsubscribe.');
    const fetch = network?.linkFetch;
    if (!fetch) return NO_NETWORK;
    if (!chosen.trial) return siteAnswers(url, await ask(fetch, url, false));
    if (!figures.mayTryUnsubscribe) return unknown('The link was tried within the last day; once a day is enough.');
    return unsubscribed(url, await ask(fetch, url, true));
  },
});

function ask(fetch: HttpsFetch, url: URL, trial: boolean): Promise<HttpsAnswer> {
  const place = { host: url.hostname, port: url.port === '' ? HTTPS_PORT : Number(url.port), bytesMax: BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs };
  if (!trial) return fetch({ ...place, path: '/', method: 'HEAD', accept: '*/*' });
  // RFC 8058 §3.2: this body, no cookies, nothing that needs a log-in.
  return fetch({ ...place, path: `${url.pathname}${url.search}`, method: 'POST', accept: '*/*', body: { mediaType: 'application/x-www-form-urlencoded', text: 'List-Unsubscribe=One-Click' } });
}

function siteAnswers({ host }: URL, answer: HttpsAnswer): Finding {
  if (answer.kind === 'response') return pass(`${host} answers over https. Whether the links work is tried when an address for trying is named: [doctor] unsubscribe-test.`);
  return noAnswer(host, answer);
}

function unsubscribed({ host }: URL, answer: HttpsAnswer): Finding {
  if (answer.kind === 'failure') return noAnswer(host, answer);
  const { status } = answer;
  if (status >= 200 && status < 300) return pass(`Unsubscribing at ${host} works with one request (status ${status}).`);
  const remedy = 'Let the page take a POST with the body List-Unsubscribe=One-Click, without cookies, log-in, question or redirect, and answer 200.';
  if (status >= 300 && status < 400) return fail(`${host} redirects the request to unsubscribe (status ${status}), which mail programs do not follow.`, remedy);
  if (status === 429 || status >= 500) return warn(`${host} could not take the request to unsubscribe (status ${status}).`, `${remedy} ${TRIED_AGAIN}`);
  return fail(`${host} refuses the request to unsubscribe (status ${status}).`, remedy);
}

function noAnswer(host: string, { reason, detail }: Extract<HttpsAnswer, { kind: 'failure' }>): Finding {
  if (reason === 'certificate') return fail(`The certificate of ${host} is not valid (${detail}), so mail programs do not unsubscribe there.`, 'Renew the certificate of the web server that takes unsubscribe requests.');
  return unknown(`${host} did not answer now (${detail}).`);
}

const SHOWN_CHARS = 60;

/** What names a person is not shown. */
function shown(url: string): string {
  return url.replace(/[?#].*$/s, '').slice(0, SHOWN_CHARS);
}
