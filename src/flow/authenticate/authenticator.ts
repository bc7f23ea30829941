/**
 * The authenticate stage: who sent this inbound message, as far as SPF, DKIM, ARC and DMARC can tell. Facts only; what
 * follows from them is the judge's.
 *
 * SPF, DKIM and ARC run side by side under one deadline for all look-ups; DMARC takes their results. DNS trouble gives
 * temperror in the report, never a rejection of the promise.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import { AUTHENTICATION_LIMITS, SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { AuthReport, IprevReport, SpfReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { ReceivedMessage } from '../../contract/message.ts';
import { parseHeader, type ParsedHeader } from '../../mail/header.ts';
import { verifyArc } from '../../verify/arc/verify-arc.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { verifyDkim } from '../../verify/dkim/verify-dkim.ts';
import { evaluateDmarc } from '../../verify/dmarc/evaluate-dmarc.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';

export interface AuthenticatorOptions {
  readonly dns: Dns;
  readonly config: Pick<Config, 'hostname'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for all look-ups of one message; default AUTHENTICATION_LIMITS.timeoutMs. */
  readonly timeoutMs?: number;
}

export interface Authenticator {
  /** For messages of origin `inbound`. `header` saves parsing it again. Rejects only when the content cannot be read. */
  authenticate(message: ReceivedMessage, header?: ParsedHeader): Promise<AuthReport>;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return {
    async authenticate(message, header) {
      const { clock } = options;
      const startedAt = clock.monotonic();
      const dns = createDeadlineDns(options.dns, clock, options.timeoutMs ?? AUTHENTICATION_LIMITS.timeoutMs);
      try {
        const report = await examine(dns, message, header ?? (await readHeader(message.content)), options);
        options.log.debug('message.authenticated', {
          id: message.id,
          spf: report.spf.result,
          dkim: report.dkim.map((entry) => entry.result),
          dmarc: report.dmarc.result,
          arc: report.arc.cv,
          ms: Math.round(clock.monotonic() - startedAt),
        });
        return report;
      } finally {
        dns.close();
      }
    },
  };
}

async function readHeader(content: ByteSource): Promise<ParsedHeader> {
  if (content.inMemory) return parseHeader(content.inMemory);
  return parseHeader(await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax)));
}

async function examine(dns: Dns, message: ReceivedMessage, header: ParsedHeader, options: AuthenticatorOptions): Promise<AuthReport> {
  const now = options.clock.now();
  const { origin, envelope, content } = message;
  const ip = origin.clientAddress ?? '';
  const helo = origin.helo ?? '';
  const context = { ip, helo, receiver: options.config.hostname, now };
  const [spf, heloSpf, dkim, arc] = await Promise.all([
    checkSpf(dns, { ...context, sender: envelope.sender }),
    envelope.sender === '' ? undefined : checkHelo(dns, context),
    verifyDkim(dns, content, header, { now }),
    verifyArc(dns, content, header, { now }),
  ]);
  const dmarc = await evaluateDmarc(dns, { header, spf, dkim });
  const iprev = iprevOf(message);
  return { ...(iprev && { iprev }), spf, ...(heloSpf && { helo: heloSpf }), dkim, dmarc, arc };
}

/** RFC 7208 §2.3: address literals and bare names are not checked. */
function checkHelo(dns: Dns, context: { ip: string; helo: string; receiver: string; now: number }): Promise<SpfReport> | undefined {
  if (context.helo.startsWith('[') || !context.helo.includes('.')) return undefined;
  return checkSpf(dns, { ...context, sender: '', domain: context.helo });
}

/** The session looked the name up when the client connected. */
function iprevOf(message: ReceivedMessage): IprevReport | undefined {
  const { clientAddress, clientName, clientNameStatus } = message.origin;
  if (clientAddress === undefined) return undefined;
  if (clientName === undefined) return { result: clientNameStatus ?? 'fail', address: clientAddress };
  return { result: 'pass', address: clientAddress, name: clientName };
}
