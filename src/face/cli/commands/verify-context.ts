/** Name servers and clock for the verifying commands; they need neither store nor server. */
import { SystemClock } from '../../../base/clock.ts';
import { dnsListsOf } from '../../../manage/dns/dns-lists.ts';
import type { VerifyContext } from '../../../manage/authentication/verify.ts';
import type { CommonOptions, Session } from '../session.ts';

/** With connections to other machines besides the DNS. */
export async function withDoctorContext<T>(session: Session, options: CommonOptions, work: (context: VerifyContext) => Promise<T>): Promise<T> {
  const servers = session.nameServers(options);
  const config = session.configIfAny(options);
  const dns = await session.ports.createDns(servers);
  try {
    const network = await session.ports.createDoctorNetwork(config, servers, dns);
    try {
      return await work({ dns, clock: new SystemClock(), network, ...(await dnsListsOf(config?.doctor)) });
    } finally {
      network.close();
    }
  } finally {
    dns.close();
  }
}

export async function withVerifyContext<T>(session: Session, options: CommonOptions, work: (context: VerifyContext) => Promise<T>): Promise<T> {
  const dns = await session.ports.createDns(session.nameServers(options));
  try {
    return await work({ dns, clock: new SystemClock(), ...(await dnsListsOf(session.configIfAny(options)?.doctor)) });
  } finally {
    dns.close();
  }
}
