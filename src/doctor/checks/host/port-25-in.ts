/** Can others reach our port 25? Only somebody outside can tell. */
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, type HostSubject } from '../../check.ts';

export const port25In = defineCheck<HostSubject>({
  id: 'port-25-in', about: 'host', title: 'Incoming port 25', weight: 1,
  why: 'Mail, replies and bounces come over port 25; a firewall in between keeps them out.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.2',
  run: async ({ network }, { server }) => {
    if (!network) return NO_NETWORK;
    if (server && !server.listeners.some(({ service }) => service === 'smtp')) return skip('This server takes no mail from others ([listen] smtp is empty).');
    if (!network.outside) return unknown('Nobody outside was asked: no prober is configured.', 'Have a friend run `posthorn prober` on another machine, and name its address as prober in [doctor]; or try from elsewhere: nc -v YOUR-ADDRESS 25.');
    const answer = await network.outside();
    if (answer.kind === 'failure') return unknown(`Nobody outside could tell: ${answer.detail}.`);
    if (answer.kind === 'closed') return fail(`Port 25 of ${answer.address} cannot be reached from outside: ${answer.detail}.`, 'Open port 25 (TCP) in the firewall of this machine and in that of the hosting provider; behind NAT, forward it to this machine.');
    if (!answer.greeting.startsWith('220')) return fail(`Port 25 of ${answer.address} is open, but greets with "${answer.greeting}".`, 'Look at the log of this server, and at what else may listen there.');
    return pass(`Port 25 of ${answer.address} can be reached from outside.`);
  },
});
