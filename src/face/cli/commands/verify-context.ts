/** Name servers and clock for the verifying commands; they need neither store nor server. */
import { SystemClock } from '../../../base/clock.ts';
import type { VerifyContext } from '../../../manage/verify.ts';
import type { CommonOptions, Session } from '../session.ts';

export async function withVerifyContext<T>(session: Session, options: CommonOptions, work: (context: VerifyContext) => Promise<T>): Promise<T> {
  const dns = await session.ports.createDns(session.nameServers(options));
  try {
    return await work({ dns, clock: new SystemClock() });
  } finally {
    dns.close();
  }
}
