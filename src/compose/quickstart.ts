/** Quickstart with its ports wired: what the command line calls. */
import { SystemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { quickstart } from '../manage/quickstart.ts';
import type { QuickstartOptions, QuickstartResult } from '../manage/quickstart.ts';
import { probeListen } from '../net/port-probe.ts';
import { createResolver } from '../net/resolver.ts';
import { createCertificate } from '../net/self-signed.ts';

/** Asks the system's name servers. */
export async function runQuickstart(options: QuickstartOptions): Promise<QuickstartResult> {
  const clock = new SystemClock();
  const resolver = createResolver({ servers: [], trustAd: false, clock, log: silentLog });
  try {
    return await quickstart(options, { createCertificate, probeListen, dns: resolver, clock });
  } finally {
    resolver.close();
  }
}
