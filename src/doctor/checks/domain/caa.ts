/** Who may make certificates, for the host that needs one and for the domain. Judged as `posthorn tls caa check` does. */
import { findCaa } from '../../../verify/caa/find-caa.ts';
import { caaNameOf, judgeCaa } from '../../../verify/caa/judge-caa.ts';
import { worstOf, type DeploymentFinding } from '../../../verify/deployment-finding.ts';
import { defineCheck, type DoctorContext, type DomainSubject } from '../../check.ts';

export const caa = defineCheck<DomainSubject>({
  id: 'caa', about: 'domain', title: 'CAA', weight: 0.2,
  why: 'CAA says who may make certificates for the domain, so that nobody else is talked into it; the wrong one keeps ours from being renewed.',
  link: 'https://www.rfc-editor.org/rfc/rfc8659',
  run: async (context, subject) => {
    const own = judgeCaa(await findCaa(context.dns, subject.domain), { name: subject.domain, issuer: undefined });
    return worstOf([own, ...(await forbidsOurs(context, subject))]);
  },
});

/** Only of the host, whose certificate it is. Empty when nothing forbids its renewal, or nobody knows. */
async function forbidsOurs({ dns, network }: DoctorContext, { domain, hostname, server }: DomainSubject): Promise<readonly DeploymentFinding[]> {
  const door = server?.listeners.find(({ service }) => service === 'smtp');
  if (!network || !door || (hostname !== domain && !hostname.endsWith(`.${domain}`))) return [];
  const answer = await network.probe({ address: door.address, port: door.port, host: hostname, helo: hostname, oldTls: true });
  const issuer = caaNameOf((answer.kind === 'answer' ? answer.tls?.peer.chain[0]?.issuer : undefined) ?? '');
  if (issuer === undefined) return [];
  const finding = judgeCaa(await findCaa(dns, hostname), { name: hostname, issuer });
  return finding.level === 'fail' ? [finding] : [];
}
