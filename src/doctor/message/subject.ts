/** A message as the doctor looks at it: read once, authenticated once, with what is known of how it came. */
import { setImmediate } from 'node:timers/promises';
import { parseDate } from '../../mail/date.ts';
import { readArrival } from '../../mail/received-reading.ts';
import { firstField } from '../../mail/header.ts';
import { looksBulk } from '../../verify/content/bulk-mail.ts';
import { readMessage, type MessageReading } from '../../verify/content/message-reading.ts';
import { authenticateMessage, type AuthenticationPorts, type ConnectionFacts, type MessageAuthentication } from './authentication.ts';
import { watchedDns, type Unanswered } from '../watched-dns.ts';

export interface MessageSubject {
  readonly kind: 'message';
  /** What people call it: its Message-ID, or where it came from. */
  readonly name: string;
  readonly reading: MessageReading;
  readonly connection: ConnectionFacts;
  readonly authentication: MessageAuthentication;
  /** When the last server took it, milliseconds since 1970. Absent: nobody knows, perhaps it was not sent yet. */
  readonly arrivedAt?: number;
  /** It goes to many. */
  readonly bulk: boolean;
  /** Made by this server to look at itself: nobody wrote it, so its words are not judged. Default false. */
  readonly sample?: boolean;
  /** The first look-up about it that failed. */
  readonly unanswered?: Unanswered;
}

export interface MessageFacts {
  /** With CRLF line ends. */
  readonly message: Buffer;
  /** What is known for certain; the rest is taken from what the receiving server wrote on top. */
  readonly connection: ConnectionFacts;
  /** Milliseconds since 1970; default: as the topmost Received field says. */
  readonly arrivedAt?: number;
  /** Default: the Message-ID. */
  readonly name?: string;
  readonly sample?: boolean;
}

const NAME_CHARS_MAX = 120;

/** Never rejects for what the DNS did or the message says. */
export async function makeMessageSubject(ports: AuthenticationPorts, { message, connection: given, arrivedAt, name, sample }: MessageFacts): Promise<MessageSubject> {
  const reading = readMessage(message);
  // Reading a large message computes for a while: others have a turn before it goes on.
  await setImmediate();
  const connection = withClaims(reading, given);
  const arrival = arrivedAt ?? receivedAt(reading);
  const watched = watchedDns(ports.dns);
  const authentication = await authenticateMessage({ ...ports, dns: watched.dns }, message, reading, connection);
  const unanswered = watched.unanswered();
  return {
    kind: 'message',
    name: (name ?? firstField(reading.header.fields, 'message-id')?.value ?? 'the message').slice(0, NAME_CHARS_MAX),
    reading,
    connection,
    authentication,
    ...(arrival === undefined ? {} : { arrivedAt: arrival }),
    bulk: looksBulk(reading),
    ...(sample ? { sample } : {}),
    ...(unanswered ? { unanswered } : {}),
  };
}

/** RFC 5321 §4.4: behind the last semicolon. */
function receivedAt({ header }: MessageReading): number | undefined {
  const trace = firstField(header.fields, 'received')?.value;
  return trace === undefined ? undefined : parseDate(trace.slice(trace.lastIndexOf(';') + 1).trim());
}

function withClaims({ header }: MessageReading, given: ConnectionFacts): ConnectionFacts {
  const claims = readArrival(header.fields);
  // Who names another address than the trace tells of another connection; only the envelope sender stays.
  if (given.address !== undefined) return { ...given, sender: given.sender ?? claims.sender };
  return {
    address: claims.address,
    helo: given.helo ?? claims.helo,
    sender: given.sender ?? claims.sender,
    encrypted: given.encrypted ?? claims.encrypted,
    results: claims.results,
  };
}
