/**
 * Do mail programs find this server by themselves? SRV records (RFC 6186, RFC 8314 §5.1, RFC 5804 §1.8), Mozilla's
 * autoconfig over HTTPS, and Microsoft's autodiscover as Outlook asks for it, against what is listened on.
 */
import type { Dns, DnsAnswer, RecordData } from '../../contract/dns.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';

export interface SetupService {
  readonly protocol: 'imap' | 'pop3' | 'smtp' | 'sieve';
  readonly port: number;
  readonly security: 'tls' | 'starttls';
}

export interface SetupQuestion {
  readonly domain: string;
  readonly hostname: string;
  readonly services: readonly SetupService[];
  /** 443 outside of rehearsals. */
  readonly httpsPort: number;
}

const NAMES: Readonly<Record<SetupService['protocol'], Readonly<Record<SetupService['security'], string>>>> = {
  imap: { tls: '_imaps', starttls: '_imap' },
  pop3: { tls: '_pop3s', starttls: '_pop3' },
  smtp: { tls: '_submissions', starttls: '_submission' },
  sieve: { tls: '_sieve', starttls: '_sieve' },
};
const ALL_NAMES = [...new Set(Object.values(NAMES).flatMap((byKind) => Object.values(byKind)))];
const ANSWER_BYTES_MAX = 64 * 1024;
const FETCH_TIMEOUT_MS = 5000;

/** Rejects only with the signal's reason. `fetch` absent: the web addresses are not looked at. */
export async function checkClientSetup({ dns, fetch }: { readonly dns: Dns; readonly fetch?: HttpsFetch | undefined }, question: SetupQuestion): Promise<readonly DeploymentFinding[]> {
  const { domain, services } = question;
  const records = await Promise.all(ALL_NAMES.map(async (name) => ({ name, answer: await dns.query(`${name}._tcp.${domain}`, 'SRV') })));
  const found = records.flatMap(({ name, answer }) => {
    const service = services.find(({ protocol, security }) => NAMES[protocol][security] === name);
    return judgeService(question, `${name}._tcp.${domain}`, service, answer);
  });
  const [autoconfig, autodiscover] = await Promise.all([judgeAutoconfig(dns, fetch, question), judgeAutodiscover(dns, fetch, question)]);
  return [...found, ...autoconfig, ...autodiscover];
}

/** Pure. */
export function judgeService({ hostname }: SetupQuestion, name: string, service: SetupService | undefined, answer: DnsAnswer<'SRV'>): readonly DeploymentFinding[] {
  if (answer.kind === 'failure') return [{ level: 'unknown', text: `${name} could not be looked up now (${answer.reason}).` }];
  const published = answer.kind === 'found' ? answer.records : [];
  if (!service) {
    const wrong = published.filter((record) => sameHost(record, hostname));
    return wrong.length === 0 ? [] : [{ level: 'fail', text: `${name} leads mail programs to port ${wrong[0]?.port} of this server, which does not serve that.`, remedy: 'Take the record out, or add a listener.' }];
  }
  const record = `${name}. SRV 0 1 ${service.port} ${hostname}.`;
  // RFC 8314 §4.1: where TLS from the first byte is there, nobody needs to be led to POP3 without it.
  if (published.length === 0 && service.protocol === 'pop3' && service.security === 'starttls') return [];
  if (published.length === 0) return [{ level: 'warn', text: `${name} is not published: mail programs have to be told.`, remedy: 'Publish this record.', record }];
  // RFC 2782: "." says that the service is decidedly not there.
  if (published.every(({ target }) => target === '' || target === '.')) return [{ level: 'fail', text: `${name} says that there is no such service, but there is.`, remedy: 'Publish this record in its place.', record }];
  if (published.some((each) => sameHost(each, hostname) && each.port === service.port)) return [{ level: 'pass', text: `${name} leads to ${hostname}, port ${service.port}.` }];
  const [first] = published;
  return [{ level: 'fail', text: `${name} leads to ${first?.target}, port ${first?.port}, and not to ${hostname}, port ${service.port}.`, remedy: 'Publish this record in its place.', record }];
}

function sameHost({ target }: RecordData['SRV'], hostname: string): boolean {
  return target.toLowerCase().replace(/\.$/, '') === hostname;
}

async function judgeAutoconfig(dns: Dns, fetch: HttpsFetch | undefined, { domain, hostname, services, httpsPort }: SetupQuestion): Promise<readonly DeploymentFinding[]> {
  const host = `autoconfig.${domain}`;
  const answers = await Promise.all([dns.query(host, 'A'), dns.query(host, 'AAAA')]);
  if (answers.some(({ kind }) => kind === 'failure')) return [{ level: 'unknown', text: `${host} could not be looked up now.` }];
  if (answers.every(({ kind }) => kind !== 'found')) return [{ level: 'warn', text: `${host} has no address: Thunderbird and others do not find their settings there.`, remedy: 'Publish this record, with listen.https (or http) reachable there.', record: `${host}. CNAME ${hostname}.` }];
  if (!fetch) return [{ level: 'skip', text: `https://${host} was not asked.` }];
  const path = `/mail/config-v1.1.xml?emailaddress=someone%40${domain}`;
  const answer = await fetch({ host, port: httpsPort, path, accept: 'text/xml, application/xml', bytesMax: ANSWER_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS });
  if (answer.kind === 'failure') return [{ level: answer.reason === 'certificate' ? 'fail' : 'unknown', text: `https://${host} gave no settings: ${answer.detail}.`, ...(answer.reason === 'certificate' ? { remedy: `Give it a certificate that is valid and names ${host}.` } : {}) }];
  if (answer.status !== 200) return [{ level: 'fail', text: `https://${host}${path} answered with status ${answer.status}.`, remedy: 'Let that name lead to the web server of this server (listen.https).' }];
  return judgeDocument(answer.body.toString('utf8'), host, { hostname, services });
}

/** Outlook asks https://autodiscover.DOMAIN first, then whoever the SRV record names ([MS-OXDISCO] §3.1.5). */
async function judgeAutodiscover(dns: Dns, fetch: HttpsFetch | undefined, { domain, hostname, services, httpsPort }: SetupQuestion): Promise<readonly DeploymentFinding[]> {
  const [name, own] = [`_autodiscover._tcp.${domain}`, `autodiscover.${domain}`];
  const [four, six, srv] = await Promise.all([dns.query(own, 'A'), dns.query(own, 'AAAA'), dns.query(name, 'SRV')]);
  if (four.kind === 'failure' || six.kind === 'failure' || srv.kind === 'failure') return [{ level: 'unknown', text: `${srv.kind === 'failure' ? name : own} could not be looked up now.` }];
  const target = four.kind === 'found' || six.kind === 'found' ? { target: own, port: 443 } : srv.kind === 'found' ? srv.records[0] : undefined;
  const record = `${name}. SRV 0 0 443 ${hostname}.`;
  if (!target || target.target === '' || target.target === '.') return [{ level: 'warn', text: `Neither ${own} nor ${name} is published: Outlook does not find its settings.`, remedy: 'Publish this record, with listen.https reachable there.', record }];
  const host = target.target.toLowerCase().replace(/\.$/, '');
  if (host !== own && host !== hostname) return [{ level: 'fail', text: `${name} leads Outlook to ${host}, and not to this server.`, remedy: 'Publish this record in its place.', record }];
  if (!fetch) return [{ level: 'skip', text: `https://${host} was not asked.` }];
  const text = `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>someone@${domain}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;
  const answer = await fetch({ host, port: target.port === 443 ? httpsPort : target.port, path: '/autodiscover/autodiscover.xml', body: { mediaType: 'text/xml; charset=utf-8', text }, accept: 'text/xml', bytesMax: ANSWER_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS });
  if (answer.kind === 'failure') return [{ level: answer.reason === 'certificate' ? 'fail' : 'unknown', text: `https://${host} gave Outlook no settings: ${answer.detail}.`, ...(answer.reason === 'certificate' ? { remedy: `Give it a certificate that is valid and names ${host}.` } : {}) }];
  const offered = answer.body.toString('utf8').split('<Protocol>').slice(1).map((part) => ({ host: elementOf(part, 'Server'), port: Number(elementOf(part, 'Port')) }));
  if (answer.status !== 200 || offered.length === 0) return [{ level: 'fail', text: `https://${host}/autodiscover/autodiscover.xml has no settings for Outlook (status ${answer.status}).`, remedy: 'Let that name lead to the web server of this server (listen.https).' }];
  const stray = offered.find((each) => each.host !== hostname || !services.some(({ port }) => port === each.port));
  if (stray) return [{ level: 'fail', text: `The settings for Outlook at https://${host} name ${stray.host ?? 'no host'}, port ${stray.port}, which is not served here.`, remedy: 'Let that name lead to the web server of this server (listen.https).' }];
  return [{ level: 'pass', text: `https://${host} tells Outlook the right settings.` }];
}

/** Do the ports of the document lead to what is served? Pure. */
export function judgeDocument(text: string, host: string, { hostname, services }: Pick<SetupQuestion, 'hostname' | 'services'>): readonly DeploymentFinding[] {
  if (!text.includes('<clientConfig')) return [{ level: 'fail', text: `What https://${host} answers is no autoconfig document.`, remedy: 'Let that name lead to the web server of this server (listen.https).' }];
  const offered = text.split(/<(?:incoming|outgoing)Server\b/).slice(1).map((part) => ({ host: elementOf(part, 'hostname'), port: Number(elementOf(part, 'port')) }));
  const stray = offered.find((each) => each.host !== hostname || !services.some(({ port }) => port === each.port));
  if (stray) return [{ level: 'fail', text: `The settings at https://${host} name ${stray.host ?? 'no host'}, port ${stray.port}, which is not served here.`, remedy: 'Let that name lead to the web server of this server (listen.https).' }];
  if (offered.length === 0) return [{ level: 'fail', text: `The settings at https://${host} name no server.`, remedy: 'Add listeners for IMAP and submission.' }];
  return [{ level: 'pass', text: `https://${host} tells mail programs the right settings.` }];
}

function elementOf(text: string, name: string): string | undefined {
  const start = text.indexOf(`<${name}>`);
  const end = text.indexOf(`</${name}>`, start);
  return start < 0 || end < 0 ? undefined : text.slice(start + name.length + 2, end).trim();
}
