/**
 * The forward stage: what becomes of recipients that an alias of ours leads to elsewhere.
 *
 * Policy: a stranger's mail leaves with a reverse-path of ours (SRS), so that SPF of the next server judges us, and its
 * bounces come back through us; mail of our own domains keeps its sender, and so does the null sender. Who says with
 * Delivered-To that the message has been at this alias before is returned (RFC 9228 §4): two servers whose aliases lead
 * to each other end with one report.
 */
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Directory } from '../../contract/directory.ts';
import type { ForwardedRecipient } from '../../contract/forwarding.ts';
import type { Envelope, EnvelopeRecipient, Reply } from '../../contract/message.ts';
import { addressKey, domainOf, normalizeDomain } from '../../mail/address.ts';
import { allFields, type HeaderField } from '../../mail/header.ts';
import { srsAddress } from '../../mail/srs.ts';
import { VERP_DELIMITERS, verpSender } from '../../mail/verp.ts';
import type { SrsStore } from '../../store/clients/srs.ts';

export interface ForwarderOptions {
  readonly directory: Pick<Directory, 'isLocalDomain'>;
  readonly store: Pick<SrsStore, 'keys' | 'remember'>;
  readonly config: Pick<Config, 'forwarding' | 'bounces'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Forwarding {
  readonly recipients: readonly ForwardedRecipient[];
  /** Positions in `recipients` of those that go on to other servers. */
  readonly forwarded: readonly number[];
}

export interface Forwarder {
  /** `ownBulk`: a mailing of our own users. Rejects with a temporary Failure when the store does not answer. */
  forward(envelope: Pick<Envelope, 'sender' | 'recipients' | 'verp'>, header: readonly HeaderField[], ownBulk: boolean): Promise<Forwarding>;
}

export function loopReply(via: string): Reply {
  return { code: 554, enhanced: '5.4.6', text: `mail loop: the message was forwarded by ${via} before` };
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  return {
    async forward(envelope, header, ownBulk) {
      const { sender, recipients: all } = envelope;
      const verp = envelope.verp ?? (await verpUnasked(options, sender, ownBulk));
      const asked = verp === undefined ? all : all.map((recipient) => ({ ...recipient, reversePath: verpSender(sender, recipient.address, verp || VERP_DELIMITERS) }));
      // The rule, and it costs nothing: nobody is behind an alias.
      if (asked.every(({ via }) => via === undefined)) return { recipients: asked, forwarded: [] };
      const rewrite = await rewriter(options, sender);
      const passed = new Set(allFields(header, 'delivered-to').map((field) => addressKey(field.value.trim())));
      const forwarded: number[] = [];
      const recipients: ForwardedRecipient[] = [];
      for (const [at, recipient] of asked.entries()) {
        const { via } = recipient;
        if (via === undefined || (await options.directory.isLocalDomain(domainOf(recipient.address)))) recipients.push(recipient);
        else if (passed.has(addressKey(via))) recipients.push({ ...recipient, loop: true });
        else {
          forwarded.push(at);
          recipients.push(await rewrite(recipient, via));
        }
      }
      return { recipients, forwarded };
    },
  };
}

/** Only where plus-addressing brings the bounces home. */
async function verpUnasked({ config, directory }: ForwarderOptions, sender: string, ownBulk: boolean): Promise<string | undefined> {
  if (!ownBulk || config.bounces.verp !== 'bulk' || sender === '') return undefined;
  return (await directory.isLocalDomain(domainOf(sender))) ? VERP_DELIMITERS : undefined;
}

type Rewrite = (recipient: EnvelopeRecipient, via: string) => Promise<EnvelopeRecipient>;

/** One address for each domain that forwards. */
async function rewriter({ config, directory, store, clock }: ForwarderOptions, sender: string): Promise<Rewrite> {
  const { rewriteSender, srsDomain } = config.forwarding;
  if (sender === '' || !rewriteSender || (await directory.isLocalDomain(domainOf(sender)))) return async (recipient) => recipient;
  const known = new Map<string, string>();
  return async (recipient, via) => {
    const domain = srsDomain ?? normalizeDomain(domainOf(via));
    const reversePath = known.get(domain) ?? (await rewritten(domain));
    known.set(domain, reversePath);
    return { ...recipient, reversePath };
  };

  async function rewritten(domain: string): Promise<string> {
    const now = clock.now();
    const [key] = await store.keys(now);
    const made = srsAddress(sender, domain, key, now);
    // Durable before the message is: an address that leaves can always be read back.
    if (made.kind === 'stored') await store.remember(made.token, made.sender, now);
    return made.address;
  }
}
