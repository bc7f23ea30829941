/** The same verification that our own server runs, as a provider runs it on what it receives. */
import type { ArcReport, DkimReport, DmarcReport, SpfReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import type { ParsedHeader } from '../../mail/header.ts';
import { verifyArc } from '../../verify/arc/verify-arc.ts';
import { verifyDkim } from '../../verify/dkim/verify-dkim.ts';
import { evaluateDmarc } from '../../verify/dmarc/evaluate-dmarc.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';

export interface Authentication {
  readonly spf: SpfReport;
  readonly dkim: readonly DkimReport[];
  readonly dmarc: DmarcReport;
  readonly arc: ArcReport;
}

export interface AuthenticationInput {
  readonly ip: string;
  readonly helo: string;
  readonly sender: string;
  readonly receiver: string;
  readonly source: ByteSource;
  readonly header: ParsedHeader;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export async function authenticate(dns: Dns, input: AuthenticationInput): Promise<Authentication> {
  const { ip, helo, sender, receiver, source, header, now } = input;
  const [spf, dkim, arc] = await Promise.all([
    checkSpf(dns, { ip, sender, helo, receiver, now }),
    verifyDkim(dns, source, header, { now }),
    verifyArc(dns, source, header, { now }),
  ]);
  return { spf, dkim, arc, dmarc: await evaluateDmarc(dns, { header, spf, dkim }) };
}
