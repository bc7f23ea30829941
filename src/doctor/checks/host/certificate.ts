/** The certificate, as each service shows it. */
import type { PeerIdentity } from '../../../contract/tls-policy.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type Finding, type HostSubject } from '../../check.ts';

const DAY_MS = 86_400_000;
const DAYS_LEFT = 21;
/** With TLS from the first byte, and with STARTTLS in the language of mail. */
const LOOKED_AT: Readonly<Record<string, 'implicit' | 'starttls'>> = { smtp: 'starttls', submission: 'starttls', submissions: 'implicit', imaps: 'implicit', pop3s: 'implicit' };
const RENEW = 'Get a new one, for instance from Let’s Encrypt (certbot certonly --standalone -d';

export const certificate = defineCheck<HostSubject>({
  id: 'certificate', about: 'host', title: 'Certificate', weight: 0.7,
  why: 'Mail programs refuse a certificate that has expired or names another host; so do senders that follow MTA-STS.',
  link: 'https://www.rfc-editor.org/rfc/rfc8461#section-4.2',
  run: async ({ network, now }, { server, hostname }) => {
    const doors = server?.listeners.filter(({ service }) => LOOKED_AT[service] !== undefined) ?? [];
    if (doors.length === 0) return skip('No service here has a certificate.');
    if (!network) return NO_NETWORK;
    const findings = await Promise.all(doors.map(async ({ service, address, port }): Promise<Finding | undefined> => {
      const answer = await network.probe({ address, port, host: hostname, helo: hostname, ...(LOOKED_AT[service] === 'implicit' ? { implicitTls: true } : {}), ...(service === 'smtp' ? { oldTls: true } : {}) });
      return answer.kind === 'answer' && answer.tls ? judge(answer.tls.peer, hostname, service, now) : undefined;
    }));
    const seen = findings.filter((finding) => finding !== undefined);
    return seen.find(({ level }) => level === 'fail') ?? seen.find(({ level }) => level === 'warn') ?? seen[0] ?? unknown('No service showed a certificate; is the server running?');
  },
});

function judge({ chain, distrust, names }: PeerIdentity, hostname: string, service: string, now: number): Finding {
  const [leaf] = chain;
  if (!leaf) return unknown(`${service} showed no certificate.`);
  const renew = `${RENEW} ${hostname}), name it in [tls], and reload: systemctl reload posthorn.`;
  const until = Date.parse(leaf.validTo);
  if (until < now) return fail(`The certificate of ${service} expired on ${day(until)}.`, renew);
  if (distrust) return fail(`The certificate of ${service} is not trusted: ${distrust.detail}.`, renew);
  if (!names(hostname)) return fail(`The certificate of ${service} does not name ${hostname}.`, renew);
  const days = Math.floor((until - now) / DAY_MS);
  if (days <= DAYS_LEFT) return warn(`The certificate of ${service} expires in ${days} days, on ${day(until)}.`, renew);
  return pass(`The certificate names ${hostname} and is good for ${days} more days.`);
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
