/**
 * What this server makes of mail, made once to be looked at: a message of a domain as a submission leaves it, a bounce, a
 * forwarder's return path. Nothing of it is sent.
 */
import type { Config } from '../../config/config.ts';
import type { HandlingFacts } from '../../doctor/check.ts';
import { composeMessage } from '../../mail/compose.ts';
import { buildDsn } from '../../mail/dsn.ts';
import { headerEnd, parseHeader } from '../../mail/header.ts';
import { repairSubmission } from '../../mail/repair.ts';
import { readSrsAddress, srsAddress } from '../../mail/srs.ts';
import type { SigningKey, SigningKeys } from '../../contract/directory.ts';
import type { Store } from '../../store/store.ts';
import { createBodyHasher } from '../../verify/dkim/body-hasher.ts';
import { prepareHeaders, signDkim } from '../../verify/dkim/sign-dkim.ts';

export interface SamplePorts {
  readonly store: Pick<Store, 'srs'>;
  readonly config: Config;
  readonly keys: SigningKeys;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Composed by no program, repaired and signed as submission does. */
export async function sampleMessage({ config, keys, now }: SamplePorts, domain: string): Promise<Buffer> {
  const sender = `postmaster@${domain}`;
  const written = composeMessage({ from: sender, to: [sender], subject: 'A message of this server to itself', text: 'This message is made to be looked at, and is never sent.\n', date: now });
  const end = headerEnd(written);
  const { header } = repairSubmission({ header: written.subarray(0, end), now, hostname: config.hostname, sender });
  const body = written.subarray(end);
  return Buffer.concat([await signatures(await keysFor(keys, domain, config), header, body, now), header, body]);
}

const PARENTS_MAX = 8;

/** Of the domain, else of the closest parent that has some. */
async function keysFor(keys: SigningKeys, domain: string, { dkim }: Pick<Config, 'dkim'>): Promise<readonly SigningKey[]> {
  const labels = domain.split('.');
  for (let from = 0; from < Math.min(labels.length - 1, PARENTS_MAX); from += 1) {
    const found = (await keys.forDomain(labels.slice(from).join('.'))).filter(({ algorithm }) => dkim.sign.some((wanted) => algorithm.startsWith(wanted)));
    if (found.length > 0) return found;
  }
  return [];
}

async function signatures(keys: readonly SigningKey[], header: Buffer, body: Buffer, now: number): Promise<Buffer> {
  const { fields } = parseHeader(header);
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  hasher.update(body);
  const bodyHash = hasher.digest();
  const prepared = prepareHeaders(fields);
  return Buffer.concat(await Promise.all(keys.map((key) => signDkim({ fields, bodyHash, now, prepared, ...key }))));
}

/** How bounces and forwarded mail are handled here. */
export async function sampleHandling({ store, config, now }: SamplePorts): Promise<HandlingFacts> {
  const { rewriteSender, srsDomain } = config.forwarding;
  const domain = srsDomain ?? config.hostname;
  const keys = await store.srs.keys(now);
  const sender = 'somebody@example.net';
  const made = srsAddress(sender, domain, keys[0], now);
  const read = readSrsAddress(made.address, { keys, now });
  return {
    bounce: sampleBounce(config.hostname, now).toString('base64'),
    forwarding: { rewriteSender, returnPath: made.address, readsBack: read.kind === 'sender' && read.sender === sender, ...(srsDomain === undefined ? {} : { srsDomain }) },
  };
}

function sampleBounce(hostname: string, now: number): Buffer {
  return buildDsn({
    id: 'sample', hostname, from: `postmaster@${hostname}`, to: 'somebody@example.net', subject: 'Undelivered mail', date: now, text: 'Your message could not be delivered.\n', utf8: false,
    recipients: [{ address: 'nobody@example.com', action: 'failed', status: '5.1.1' }],
    original: { kind: 'headers', bytes: Buffer.from('From: somebody@example.net\r\nSubject: Hello\r\nMessage-ID: <1@example.net>\r\n\r\n') },
  });
}
