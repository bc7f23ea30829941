/** Do mail programs find the server by themselves: SRV records, autoconfig? */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DoctorContext, type DomainSubject, type ServiceListener } from '../../check.ts';

/** RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8. */
const SRV_NAMES: Readonly<Partial<Record<ServiceListener['service'], string>>> = { submissions: '_submissions', submission: '_submission', imaps: '_imaps', imap: '_imap', pop3s: '_pop3s', sieve: '_sieve' };
const AUTOCONFIG_BYTES_MAX = 65_536;

export const discovery = defineCheck<DomainSubject>({
  id: 'discovery', about: 'domain', title: 'Mail programs find the server', weight: 0.1,
  why: 'People then type an address and a password, and nothing else can be typed wrongly.',
  link: 'https://www.rfc-editor.org/rfc/rfc6186',
  run: async (context, subject) => {
    if (subject.use === 'send-only') return skip(`${subject.domain} only sends from here: its mailboxes are elsewhere.`);
    const wanted = servicesOf(subject);
    if (wanted.length === 0) return skip('This server has no services for mail programs that others can reach.');
    const missing: string[] = [];
    for (const { name, port } of wanted) {
      const answer = await context.dns.query(name, 'SRV');
      if (answer.kind === 'failure') return unanswered(name, answer);
      const record = `${name}. SRV 0 1 ${port} ${subject.hostname}.`;
      if (answer.kind !== 'found') missing.push(record);
      // Other targets may be meant; one of them should be us, and on our port.
      else if (answer.records.some(({ target, port: said }) => target === subject.hostname && said !== port)) return fail(`${name} leads to another port than ${port}, where the server listens.`, 'Publish this record in its place.', record);
      else if (!answer.records.some(({ target }) => target === subject.hostname)) return warn(`${name} leads to ${answer.records.map(({ target }) => target || 'nowhere').join(', ')}, not to this server.`, 'If mail programs should come here, publish this record in its place.', record);
    }
    if (missing.length > 0) return warn(`${missing.length} of ${wanted.length} services of this server are not announced.`, 'Publish these records.', missing.join('\n'));
    const autoconfig = await wrongAutoconfig(context, subject);
    return autoconfig === undefined ? pass('Mail programs find the server by SRV records.') : warn(autoconfig, `Serve it (posthorn dns records ${subject.domain} names what is needed), or remove autoconfig.${subject.domain} from the DNS.`);
  },
});

/** What only this machine reaches is not announced; submission always is. */
function servicesOf({ domain, server }: DomainSubject): readonly { readonly name: string; readonly port: number }[] {
  const found = new Map<string, number>();
  for (const { service, address, port } of server?.listeners ?? []) {
    const label = SRV_NAMES[service];
    const isInner = address === '::1' || address.startsWith('127.');
    if (label !== undefined && (service.startsWith('submission') || !isInner) && !found.has(label)) found.set(label, port);
  }
  return [...found].map(([label, port]) => ({ name: `${label}._tcp.${domain}`, port }));
}

/** A name for it that leads to nothing useful. Undefined: none, or all is well, or nobody knows. */
async function wrongAutoconfig({ dns, network }: DoctorContext, { domain }: DomainSubject): Promise<string | undefined> {
  const host = `autoconfig.${domain}`;
  const answer = network && (await dns.query(host, 'A'));
  if (!network || answer?.kind !== 'found') return undefined;
  const page = await network.fetch({ host, port: network.policyPort, path: '/mail/config-v1.1.xml', accept: '*/*', bytesMax: AUTOCONFIG_BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs });
  if (page.kind === 'failure') return page.reason === 'certificate' ? `https://${host} has no valid certificate: ${page.detail}.` : undefined;
  if (page.status !== 200) return `https://${host}/mail/config-v1.1.xml answers with HTTP status ${page.status}.`;
  return page.body.toString('latin1').includes('clientConfig') ? undefined : `What stands at https://${host}/mail/config-v1.1.xml is no settings file.`;
}
