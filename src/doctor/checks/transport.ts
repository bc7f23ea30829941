/** What a domain publishes about TLS: DNSSEC, CAA, TLS reports, MTA-STS. */
import { readStsRecord } from '../../verify/mta-sts/record.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DomainSubject } from '../check.ts';

export const dnssec = defineCheck<DomainSubject>({
  id: 'dnssec', about: 'domain', title: 'DNSSEC', weight: 0.2,
  why: 'A signed domain cannot be redirected on the way; DANE needs it. A wrongly signed one is gone for many.',
  link: 'https://www.rfc-editor.org/rfc/rfc4033',
  run: async ({ dns }, { domain }) => {
    const answer = await dns.query(domain, 'SOA');
    if (answer.kind === 'failure') return unanswered(domain, answer);
    return answer.secure ? pass(`${domain} is signed, and the signatures are valid.`) : skip(`${domain} is not signed, or our name servers do not check signatures.`);
  },
});

export const caa = defineCheck<DomainSubject>({
  id: 'caa', about: 'domain', title: 'CAA', weight: 0.2,
  why: 'CAA says who may make certificates for the domain, so that nobody else is talked into it.',
  link: 'https://www.rfc-editor.org/rfc/rfc8659',
  run: async ({ dns }, { domain }) => {
    const answer = await dns.query(domain, 'CAA');
    if (answer.kind === 'failure') return unanswered(`CAA of ${domain}`, answer);
    const issuers = answer.kind === 'found' ? answer.records.filter(({ tag }) => tag.toLowerCase() === 'issue').map(({ value }) => value) : [];
    if (issuers.length === 0) return warn(`${domain} does not say who may make certificates for it.`, 'Publish who does, for instance Let’s Encrypt.', `${domain}. CAA 0 issue "letsencrypt.org"`);
    return pass(`Certificates come from ${issuers.join(', ')}.`);
  },
});

export const tlsReports = defineCheck<DomainSubject>({
  id: 'tls-rpt', about: 'domain', title: 'TLS reports', weight: 0.2,
  why: 'Senders then tell when they could not encrypt mail to the domain.',
  link: 'https://www.rfc-editor.org/rfc/rfc8460',
  run: async ({ dns }, { domain }) => {
    const name = `_smtp._tls.${domain}`;
    const answer = await dns.query(name, 'TXT');
    if (answer.kind === 'failure') return unanswered(name, answer);
    const texts = answer.kind === 'found' ? answer.records.map((parts) => parts.join('')).filter((text) => /^v=TLSRPTv1\b/.test(text)) : [];
    const record = `${name}. TXT "v=TLSRPTv1; rua=mailto:tls@${domain}"`;
    if (texts.length === 0) return warn(`${domain} does not ask for TLS reports.`, 'Publish this record.', record);
    if (texts.length > 1 || !/;\s*rua=(?:mailto|https):/.test(texts[0] ?? '')) return fail(`What stands at ${name} asks nobody.`, 'Publish this one record.', record);
    return pass(`${domain} asks for TLS reports.`);
  },
});

export const mtaSts = defineCheck<DomainSubject>({
  id: 'mta-sts', about: 'domain', title: 'MTA-STS', weight: 0.3,
  why: 'Senders then refuse to hand mail for the domain to anybody in the middle.',
  link: 'https://www.rfc-editor.org/rfc/rfc8461',
  run: async ({ dns }, { domain }) => {
    const name = `_mta-sts.${domain}`;
    const answer = await dns.query(name, 'TXT');
    if (answer.kind === 'failure') return unanswered(name, answer);
    const read = readStsRecord(answer.kind === 'found' ? answer.records : []);
    if (read.kind === 'none') return skip(`${domain} has no MTA-STS policy.`);
    if (read.kind === 'invalid') return fail(`The MTA-STS record of ${domain} does not count: ${read.detail}.`, 'Publish one record with an id.', `${name}. TXT "v=STSv1; id=1"`);
    const host = await Promise.all([dns.query(`mta-sts.${domain}`, 'A'), dns.query(`mta-sts.${domain}`, 'AAAA')]);
    if (host.some(({ kind }) => kind === 'found')) return pass(`${domain} has an MTA-STS policy (id ${read.id}).`);
    return fail(`mta-sts.${domain} has no address: nobody finds the policy.`, `Publish its address, and serve the policy at https://mta-sts.${domain}/.well-known/mta-sts.txt`);
  },
});
