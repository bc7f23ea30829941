/** Do the CAA records of a name let a certificate authority issue for it? RFC 8659 §4. Pure. */
import type { DeploymentFinding } from '../deployment-finding.ts';
import type { CaaFinding } from './find-caa.ts';

/** Tags that authorities understand; a critical one beyond them forbids everything (RFC 8659 §4.1). */
const KNOWN_TAGS = new Set(['issue', 'issuewild', 'iodef', 'contactemail', 'contactphone', 'issuevmc', 'issuemail']);
const CRITICAL = 0x80;

export interface CaaQuestion {
  readonly name: string;
  /** As in `issue "letsencrypt.org"`; undefined: not known, as with a certificate that nobody issued. */
  readonly issuer: string | undefined;
}

export function judgeCaa(found: CaaFinding, { name, issuer }: CaaQuestion): DeploymentFinding {
  const example = `${name}. CAA 0 issue "${issuer ?? 'letsencrypt.org'}"`;
  if (found.kind === 'unknown') return { level: 'unknown', text: `The CAA records of ${found.at} could not be looked up now (${found.reason}).` };
  if (found.kind === 'none') {
    return { level: 'warn', text: `${name} does not say who may make certificates for it (no CAA record): anybody may.`, remedy: issuer === undefined ? 'Publish which authority you use, for instance Let’s Encrypt.' : 'Publish that only yours may.', record: example };
  }
  const { at, records } = found;
  const odd = records.find(({ flags, tag }) => (flags & CRITICAL) !== 0 && !KNOWN_TAGS.has(tag.toLowerCase()));
  if (odd) return { level: 'fail', text: `The CAA record "${odd.tag}" at ${at} is marked critical and nobody knows it: no authority may issue.`, remedy: `Take the critical flag (128) off that record, or remove it.` };
  const issuers = caaIssuers(found);
  if (issuers === undefined) return { level: 'pass', text: `The CAA records at ${at} do not restrict who may issue.` };
  const allowed = issuers.filter((value) => value !== '');
  const who = allowed.length === 0 ? 'nobody' : allowed.join(', ');
  if (issuer === undefined) return { level: allowed.length === 0 ? 'warn' : 'pass', text: `By the CAA records at ${at} certificates may come from ${who}.`, ...(allowed.length === 0 ? { remedy: 'Add the authority that you use.', record: `${at}. CAA 0 issue "letsencrypt.org"` } : {}) };
  if (namesOf(issuer).some((known) => allowed.includes(known))) return { level: 'pass', text: `The CAA records at ${at} allow ${issuer}, from which the certificate of this server comes.` };
  return { level: 'fail', text: `The CAA records at ${at} allow ${who}, and not ${issuer}, from which the certificate of this server comes: it cannot be renewed.`, remedy: `Add this record beside the others.`, record: `${at}. CAA 0 issue "${issuer}"` };
}

/** Of `issue`, lower case, '' for ";" (nobody). Undefined: no such record, so that all may. */
export function caaIssuers({ records }: Extract<CaaFinding, { kind: 'found' }>): readonly string[] | undefined {
  const issue = records.filter(({ tag }) => tag.toLowerCase() === 'issue');
  // RFC 8659 §4.2: parameters follow behind a semicolon.
  return issue.length === 0 ? undefined : issue.map(({ value }) => (value.split(';', 1)[0] ?? '').trim().toLowerCase().replace(/\.$/, ''));
}

/** Organisations as certificates name them, and the names that their documentation gives for CAA records; the first is the usual one. */
const AUTHORITIES: readonly (readonly [inIssuer: RegExp, caa: string, ...others: string[]])[] = [
  [/let's encrypt|internet security research group/i, 'letsencrypt.org'],
  [/google trust services/i, 'pki.goog'],
  [/zerossl|sectigo|comodo|usertrust/i, 'sectigo.com', 'zerossl.com', 'comodoca.com', 'usertrust.com', 'trust-provider.com'],
  [/digicert|geotrust|rapidssl|thawte/i, 'digicert.com', 'symantec.com', 'thawte.com', 'rapidssl.com', 'geotrust.com'],
  [/globalsign/i, 'globalsign.com'],
  [/buypass/i, 'buypass.com', 'buypass.no'],
  [/ssl corp|ssl\.com/i, 'ssl.com'],
  [/amazon/i, 'amazon.com'],
  [/godaddy|starfield/i, 'godaddy.com'],
  [/entrust/i, 'entrust.net'],
  [/certum|asseco/i, 'certum.pl'],
  [/actalis/i, 'actalis.it'],
  [/harica|hellenic academic/i, 'harica.gr'],
  [/telekom security|t-systems/i, 'telesec.de'],
  [/d-trust/i, 'd-trust.net'],
  [/swisssign/i, 'swisssign.com'],
];

/** All that the authority goes by. */
function namesOf(issuer: string): readonly string[] {
  const [, ...names] = AUTHORITIES.find(([, ...each]) => each.includes(issuer)) ?? [undefined, issuer];
  return names;
}

/** `issuer` as X509Certificate gives it. Undefined for authorities that we do not know and for certificates of one's own. */
export function caaNameOf(issuer: string): string | undefined {
  const organization = /^O=(.*)$/m.exec(issuer)?.[1] ?? issuer;
  return AUTHORITIES.find(([pattern]) => pattern.test(organization))?.[1];
}
