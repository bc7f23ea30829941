/** What TLS reports about our mail servers mean, in words, with what to do. Pure. The result types are those of RFC 8460 §4.3. */
import type { TlsReportPolicy } from '../../contract/reports.ts';

export interface TlsFinding {
  readonly resultType: string;
  readonly mxHost: string;
  /** Who could not. */
  readonly reporters: readonly string[];
  readonly sessions: number;
  readonly text: string;
  readonly fix: string;
}

export interface ReportedPolicies {
  readonly organization: string;
  readonly policies: readonly TlsReportPolicy[];
}

/** Most sessions first. */
export function tlsFindings(reports: readonly ReportedPolicies[], domain: string): readonly TlsFinding[] {
  const groups = new Map<string, { resultType: string; mxHost: string; sessions: number; readonly reporters: Set<string> }>();
  for (const { organization, policies } of reports) {
    for (const { resultType, mxHost = '', count } of policies.flatMap(({ details }) => details)) {
      const key = `${resultType} ${mxHost}`;
      const group = groups.get(key) ?? { resultType, mxHost, sessions: 0, reporters: new Set<string>() };
      groups.set(key, group);
      group.sessions += count;
      group.reporters.add(organization);
    }
  }
  return [...groups.values()].sort((a, b) => b.sessions - a.sessions).map((group) => findingOf({ ...group, reporters: [...group.reporters] }, domain));
}

interface Meaning {
  readonly what: string;
  readonly fix: (domain: string, mx: string) => string;
}

const RENEW = (_: string, mx: string): string => `Renew the certificate of ${mx}, and let the server load it: posthorn tls certificate, then kill -HUP.`;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  'starttls-not-supported': { what: 'it offered no STARTTLS', fix: () => 'Configure a certificate ([tls]); when there is one, something between (a firewall that inspects SMTP) takes STARTTLS away.' },
  'certificate-host-mismatch': { what: 'certificate name mismatch: its certificate is for another name', fix: (_, mx) => `The certificate must contain the name ${mx}, as the MX record has it: order one for that name, or let the MX record name what the certificate has.` },
  'certificate-expired': { what: 'its certificate had expired', fix: RENEW },
  'certificate-not-trusted': { what: 'its certificate comes from nobody they trust', fix: (_, mx) => `Get a certificate for ${mx} of a public authority (Let's Encrypt), and send the intermediate certificates with it.` },
  'validation-failure': { what: 'the certificate could not be checked', fix: RENEW },
  'tlsa-invalid': { what: 'the TLSA record does not fit the certificate', fix: (domain) => `The TLSA record must be of the key in use; publish the new one before the certificate changes: posthorn dns records ${domain}` },
  'dnssec-invalid': { what: 'DNSSEC of its name does not validate', fix: () => 'Mend DNSSEC of the zone, or take the DS record out at the registrar until it is mended.' },
  'dane-required': { what: 'they demand DANE, and no usable TLSA record was there', fix: (domain) => `Publish TLSA records: posthorn dns records ${domain}` },
  'sts-policy-fetch-error': { what: 'the MTA-STS policy could not be fetched', fix: (domain) => `https://mta-sts.${domain}/.well-known/mta-sts.txt must answer with a valid certificate; posthorn doctor ${domain} tells what is wrong.` },
  'sts-policy-invalid': { what: 'the MTA-STS policy could not be read', fix: (domain) => `Look at https://mta-sts.${domain}/.well-known/mta-sts.txt: version, mode, mx and max_age, a line each.` },
  'sts-webpki-invalid': { what: 'the certificate of the host of the MTA-STS policy is not valid', fix: (domain) => `Renew the certificate of mta-sts.${domain}.` },
};

function findingOf({ resultType, mxHost, reporters, sessions }: Omit<TlsFinding, 'text' | 'fix'>, domain: string): TlsFinding {
  const meaning = MEANINGS[resultType];
  const mx = mxHost || `the mail server of ${domain}`;
  const who = reporters.length > 3 ? `${reporters.slice(0, 3).join(', ')} and ${reporters.length - 3} others` : reporters.join(', ');
  return {
    resultType, mxHost, reporters, sessions,
    text: `${who} could not negotiate TLS with ${mx}: ${meaning?.what ?? resultType} (${sessions} ${sessions === 1 ? 'session' : 'sessions'}).`,
    fix: meaning?.fix(domain, mx) ?? `posthorn doctor ${domain} looks at its TLS.`,
  };
}
