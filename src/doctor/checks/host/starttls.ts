/** Does the server offer encryption to other mail servers, and only what is still safe? */
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type HostSubject } from '../../check.ts';

export const startTls = defineCheck<HostSubject>({
  id: 'starttls', about: 'host', title: 'STARTTLS', weight: 1,
  why: 'Google, Microsoft and others hand mail over encrypted; some refuse a server that cannot, and warn their users of it.',
  link: 'https://www.rfc-editor.org/rfc/rfc3207',
  run: async ({ network }, { server, hostname }) => {
    const doors = server?.listeners.filter(({ service }) => service === 'smtp') ?? [];
    if (doors.length === 0) return skip('This server takes no mail from others.');
    if (!network) return NO_NETWORK;
    let good = 0;
    for (const { address, port } of doors) {
      const where = `port ${port} of ${address}`;
      const answer = await network.probe({ address, port, host: hostname, helo: hostname, oldTls: true });
      if (answer.kind === 'failure' && answer.step === 'tls') return fail(`STARTTLS on ${where} does not work: ${answer.detail}.`, 'Check certificate and key: posthorn config check, and [tls] in posthorn.toml.');
      if (answer.kind === 'failure' || !answer.greeting?.startsWith('220')) continue;
      if (!answer.startTls) return fail(`STARTTLS is not offered on ${where}.`, 'Set certificate and key in [tls]; posthorn quickstart makes a pair to begin with.');
      if (answer.tls?.oldTls) return warn(`TLS 1.0 or 1.1 is taken on ${where}, which nobody should speak any more (RFC 8996).`, 'Allow TLS 1.2 and 1.3 only in whatever stands in front of this server.');
      if (answer.tls) good += 1;
    }
    return good > 0 ? pass('STARTTLS works, with TLS 1.2 at least.') : unknown('The server did not answer on its port for mail; is it running?');
  },
});
