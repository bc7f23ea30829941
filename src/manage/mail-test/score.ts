/**
 * `posthorn score`: the mail-tester on one message. Needs name servers only, and connections for links; what it knows of how
 * the message came is given, or read from what the receiving server wrote into it.
 */
import { setImmediate } from 'node:timers/promises';
import { LINK_PROBE_LIMITS } from '../../base/content-limits.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import { isInnerAddress, isLoopbackAddress } from '../../base/public-address.ts';
import type { DkimReport } from '../../contract/auth-report.ts';
import type { Subject } from '../../doctor/check.ts';
import { CHECKS } from '../../doctor/checks/all.ts';
import { examine, type Result, type Standing } from '../../doctor/examination.ts';
import type { ConnectionFacts } from '../../doctor/message/authentication.ts';
import { makeMessageSubject, type MessageSubject } from '../../doctor/message/subject.ts';
import { firstField } from '../../mail/header.ts';
import { hitRules, spamScore, type RuleHit } from '../../verify/content/spam-rule.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export interface ScoreQuestion {
  /** With CRLF line ends. */
  readonly message: Buffer;
  readonly connection: ConnectionFacts;
  /** Milliseconds since 1970. */
  readonly arrivedAt?: number;
  /** Look whether links answer. */
  readonly followLinks: boolean;
  /** After each check. */
  readonly onStanding?: (standing: Standing) => void;
}

/** A JSON value, kept and printed. */
export interface ScoreReport {
  /** Of 10. */
  readonly score: number;
  readonly message: { readonly from: string; readonly subject: string; readonly messageId: string; readonly sizeBytes: number; readonly bulk: boolean };
  /** What is not known is left out. */
  readonly connection: { readonly address?: string; readonly helo?: string; readonly sender?: string; readonly encrypted?: boolean };
  readonly authentication: { readonly spf?: string; readonly dkim: readonly Pick<DkimReport, 'result' | 'domain' | 'selector' | 'reason'>[]; readonly dmarc: string; readonly ptr?: string };
  readonly spam: { readonly score: number; readonly rules: readonly RuleHit[] };
  readonly links: readonly { readonly url: string; readonly text: string }[];
  /** Not all of a huge message was read. */
  readonly cut: boolean;
  readonly results: readonly Result[];
}

const LINKS_TOLD_MAX = 100;
const SUBJECT_CHARS_MAX = 200;
/** Of its host only what the DNS tells: nobody's ports are tried because somebody wrote to us. */
const ADDRESS_CHECKS = ['ptr', 'fcrdns', 'own-name', 'spamhaus', 'major-lists', 'minor-lists'] as const;
const HELO_CHECKS = ['helo-name', 'helo-spf'] as const;
const CHECK_MS = LINK_PROBE_LIMITS.totalMs + 3000;

/** Never rejects for what the network did or the message says. */
export async function scoreMessage({ dns, clock, network, lists, domainLists }: VerifyContext, { message, connection, arrivedAt, followLinks, onStanding }: ScoreQuestion): Promise<ScoreReport> {
  const bounded = createDeadlineDns(dns, clock, AUTHENTICATION_LIMITS.timeoutMs + CHECK_MS);
  try {
    const now = clock.now();
    const subject = await makeMessageSubject({ dns: bounded, now }, { message, connection, ...(arrivedAt === undefined ? {} : { arrivedAt }) });
    const checks = [...CHECKS.filter(({ about }) => about === 'message').map(({ id }) => id), ...ADDRESS_CHECKS, ...(subject.connection.helo === undefined ? [] : HELO_CHECKS)];
    const { score, results } = await examine({ dns: bounded, now, ...(network && followLinks ? { network } : {}), ...(lists ? { lists } : {}), ...(domainLists ? { domainLists } : {}) }, subjectsOf(subject), { only: checks, deadlineMs: CHECK_MS, ...(onStanding ? { onStanding } : {}) });
    await setImmediate();
    return { score, ...factsOf(subject, message.length), results };
  } finally {
    bounded.close();
  }
}

/** What programs write for an address that they do not know. */
const NOWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** An address inside of a site has no name and no reputation; 127.x is the outside of the lab. */
function subjectsOf(subject: MessageSubject): Subject[] {
  const { address, helo } = subject.connection;
  if (address === undefined || NOWHERE.has(address) || (isInnerAddress(address) && !isLoopbackAddress(address))) return [subject];
  return [subject, { kind: 'address', address, helo: helo ?? '' }];
}

function factsOf({ reading, connection, authentication, bulk }: MessageSubject, sizeBytes: number): Omit<ScoreReport, 'score' | 'results'> {
  const { address, helo, sender, encrypted } = connection;
  const { spf, dkim, dmarc, iprev } = authentication;
  const rules = hitRules(reading);
  return {
    message: {
      from: reading.from.map((each) => each.address).join(', ').slice(0, SUBJECT_CHARS_MAX),
      subject: reading.subject.slice(0, SUBJECT_CHARS_MAX),
      messageId: firstField(reading.header.fields, 'message-id')?.value.slice(0, SUBJECT_CHARS_MAX) ?? '',
      sizeBytes,
      bulk,
    },
    connection: { ...(address === undefined ? {} : { address }), ...(helo === undefined ? {} : { helo }), ...(sender === undefined ? {} : { sender }), ...(encrypted === undefined ? {} : { encrypted }) },
    authentication: {
      ...(spf ? { spf: spf.result } : {}),
      dkim: dkim.map(({ result, domain, selector, reason }) => ({ result, ...(domain === undefined ? {} : { domain }), ...(selector === undefined ? {} : { selector }), ...(reason === undefined ? {} : { reason }) })),
      dmarc: dmarc.result,
      ...(iprev?.name === undefined ? {} : { ptr: iprev.name }),
    },
    spam: { score: spamScore(rules), rules },
    links: reading.links.slice(0, LINKS_TOLD_MAX).map(({ url, text }) => ({ url, text })),
    cut: reading.cut,
  };
}
