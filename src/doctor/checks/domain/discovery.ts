/** Do mail programs find the server by themselves: SRV records, autoconfig, autodiscover? Judged as `posthorn autoconfig check` does. */
import { checkClientSetup, type SetupService } from '../../../verify/autoconfig/check-setup.ts';
import { worstOf } from '../../../verify/deployment-finding.ts';
import { defineCheck, pass, skip, type DomainSubject, type Finding, type ServiceListener } from '../../check.ts';

const SERVICES: Readonly<Partial<Record<ServiceListener['service'], Omit<SetupService, 'port'>>>> = {
  imaps: { protocol: 'imap', security: 'tls' },
  imap: { protocol: 'imap', security: 'starttls' },
  pop3s: { protocol: 'pop3', security: 'tls' },
  pop3: { protocol: 'pop3', security: 'starttls' },
  submissions: { protocol: 'smtp', security: 'tls' },
  submission: { protocol: 'smtp', security: 'starttls' },
  sieve: { protocol: 'sieve', security: 'starttls' },
};

export const discovery = defineCheck<DomainSubject>({
  id: 'discovery', about: 'domain', title: 'Mail programs find the server', weight: 0.1,
  why: 'People then type an address and a password, and nothing else can be typed wrongly.',
  link: 'https://www.rfc-editor.org/rfc/rfc6186',
  run: async ({ dns, network }, subject) => {
    const { domain, hostname, use } = subject;
    if (use === 'send-only') return skip(`${domain} only sends from here: its mailboxes are elsewhere.`);
    const services = servicesOf(subject);
    if (services.length === 0) return skip('This server has no services for mail programs that others can reach.');
    const findings = await checkClientSetup({ dns, fetch: network?.fetch }, { domain, hostname, services, httpsPort: network?.policyPort ?? 443 });
    const worst = worstOf(findings);
    return worst.level === 'pass' ? pass('Mail programs find the server, and the settings that they find are right.') : withRecords(worst, findings);
  },
});

/** What only this machine reaches is not announced, unless nothing else is there (the lab). */
function servicesOf({ server }: DomainSubject): readonly SetupService[] {
  const all = (server?.listeners ?? []).filter(({ service }) => SERVICES[service] !== undefined);
  const outer = all.filter(({ address }) => address !== '::1' && !address.startsWith('127.'));
  const found = new Map<ServiceListener['service'], SetupService>();
  for (const { service, port } of outer.length > 0 ? outer : all) {
    const known = SERVICES[service];
    if (known && !found.has(service)) found.set(service, { ...known, port });
  }
  return [...found.values()];
}

/** All that are to be published, not only the first. */
function withRecords(worst: Finding, findings: readonly Finding[]): Finding {
  const records = findings.flatMap(({ level, record }) => (level === worst.level && record !== undefined ? [record] : []));
  if (records.length < 2) return worst;
  return { ...worst, remedy: `Publish these records${worst.level === 'fail' ? ' in place of those that are there' : ''}.`, record: records.join('\n') };
}
