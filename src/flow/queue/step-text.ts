/** What an attempt waits for, in words: the step, the host, since when, and when it is given up. Pure. */
import type { AttemptStep } from '../../contract/queue.ts';

/** What follows is the host. */
const AT_HOST: Readonly<Record<Exclude<AttemptStep['doing'], 'looking-up' | 'tls-policy' | 'end-of-data' | 'recipient-data'>, string>> = {
  connect: 'connecting to',
  greeting: 'connected, and waiting for the greeting of',
  ehlo: 'waiting for the answer to EHLO of',
  starttls: 'waiting for the answer to STARTTLS of',
  tls: 'setting up TLS with',
  auth: 'logging in at',
  rset: 'waiting for the answer to RSET of',
  mail: 'waiting for the answer to MAIL FROM of',
  rcpt: 'waiting for the answer to RCPT TO of',
  data: 'waiting for the answer to DATA of',
  body: 'sending the text of the message to',
};

/** `connecting to mx.example.net [192.0.2.1]:25 since 21:04:05 UTC, until 21:04:35 UTC at the latest`. */
export function stepText(step: AttemptStep): string {
  return `${doingText(step)} since ${clockTime(step.since)} UTC, until ${clockTime(step.until)} UTC at the latest`;
}

/** What comes when the step ends without success. */
export function afterStep({ doing }: AttemptStep): string {
  switch (doing) {
    case 'end-of-data':
    case 'recipient-data':
      return 'Without an answer by then nobody knows whether it was taken: it is sent again later, and may arrive twice.';
    case 'body':
      return 'If that fails, it is tried again later.';
    default:
      return 'If that fails, the next host is tried, if there is one, or all of them again later.';
  }
}

function doingText(step: AttemptStep): string {
  const { doing, mx } = step;
  switch (doing) {
    case 'looking-up':
      return 'looking up its mail servers in DNS';
    case 'tls-policy':
      return `looking up how the way to ${mx} must be encrypted (DANE, MTA-STS)`;
    case 'end-of-data':
    case 'recipient-data':
      return `the whole message is sent, and waiting for ${hostOf(step)} to say whether it takes it`;
    default:
      return `${AT_HOST[doing]} ${hostOf(step)}`;
  }
}

function hostOf({ mx = '', address, port }: AttemptStep): string {
  if (address === undefined || address.startsWith('/')) return mx;
  return mx === address || mx === `[${address}]` ? `${mx}:${port}` : `${mx} [${address}]:${port}`;
}

/** `21:04:05`. */
export function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
