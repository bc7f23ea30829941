/**
 * The prober: whoever asks is told whether their own port 25 can be reached from here, so that friends' servers can look at
 * each other from outside. `POST /port25`, without arguments; the answer is
 * `{"address": "192.0.2.7", "open": true, "greeting": "220 …"}` or `{"address": …, "open": false, "detail": "…"}`.
 *
 * Safe against abuse: it dials the address that the question comes from and no other, always the mail port, reads the greeting
 * and says no more than EHLO would; each network once in ten seconds, and a bounded number at once. Behind a proxy, what the
 * proxy says of the client is believed only for addresses of the internet, and the proxy itself is never dialled.
 */
import type { Clock } from '../../base/clock.ts';
import { DOCTOR_LIMITS } from '../../base/doctor-limits.ts';
import { isPublicAddress } from '../../base/public-address.ts';
import type { MailProbe } from '../../contract/doctor-network.ts';
import type { HttpRoute, HttpRouteAnswer } from '../../contract/http-route.ts';

export interface ProberPorts {
  readonly clock: Clock;
  readonly probe: MailProbe;
  /** 25; in rehearsals another. */
  readonly mailPort: () => number;
  /** Under which name a client is counted: its address, or its network. */
  readonly clientKey: (address: string) => string;
  /** EHLO name. */
  readonly hostname: string;
}

export const PROBER_PATH = '/port25';
const BODY_BYTES_MAX = 1024;

export function proberRoute({ clock, probe, mailPort, clientKey, hostname }: ProberPorts): HttpRoute {
  const asked = new Map<string, number>();
  let under = 0;
  return {
    method: 'POST',
    path: PROBER_PATH,
    bodyBytesMax: BODY_BYTES_MAX,
    handle: async ({ clientAddress, forwarded }) => {
      const address = clientAddress.replace(/^::ffff:(?=\d+\.)/i, '');
      if (forwarded === 'without-client') return refused('The proxy in front of this prober does not say who asks (X-Forwarded-For).');
      if (forwarded === 'client' && !isPublicAddress(address)) return refused('The proxy in front of this prober names an address that nobody on the internet has.');
      const key = clientKey(address);
      const now = clock.monotonic();
      forgetOld(asked, now);
      if (asked.has(key)) return later(429, 'This address was tried a moment ago.');
      if (under >= DOCTOR_LIMITS.proberAtOnceMax || asked.size >= DOCTOR_LIMITS.proberAddressesMax) return later(503, 'Too many ask at once.');
      asked.set(key, now);
      under += 1;
      try {
        const answer = await probe({ address, port: mailPort(), host: address, helo: hostname, greetingOnly: true });
        const reached = answer.kind === 'answer' ? { open: true, greeting: answer.greeting ?? '' } : { open: false, detail: answer.detail };
        return { status: 200, mediaType: 'application/json', body: JSON.stringify({ address, ...reached }) };
      } finally {
        under -= 1;
      }
    },
  };
}

function refused(text: string): HttpRouteAnswer {
  return { status: 502, mediaType: 'text/plain', body: `${text}\n` };
}

function later(status: number, text: string): HttpRouteAnswer {
  return { status, mediaType: 'text/plain', headers: { 'retry-after': String(DOCTOR_LIMITS.proberPauseMs / 1000) }, body: `${text}\n` };
}

/** They are in the order in which they asked. */
function forgetOld(asked: Map<string, number>, now: number): void {
  for (const [key, at] of asked) {
    if (now - at < DOCTOR_LIMITS.proberPauseMs) return;
    asked.delete(key);
  }
}
