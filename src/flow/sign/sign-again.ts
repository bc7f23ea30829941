/**
 * New signatures for a message of ours whose body had to be converted for one receiver (8-bit text for a server without
 * 8BITMIME, RFC 6376 §5.3): those that intake put on top would no longer verify.
 *
 * Policy: only the signatures above our own trace fields are replaced. What the message brought along is left as it is.
 */
import { BufferSource } from '../../base/byte-source.ts';
import { domainOf } from '../../mail/address.ts';
import { parseHeader } from '../../mail/header.ts';
import { authorDomain } from '../../verify/dmarc/author-domain.ts';
import type { Signer } from './signer.ts';

/** `sender` is the envelope's. The same bytes when intake had not signed. Rejects as Signer.sign does. */
export async function signAgain(signer: Signer, bytes: Buffer, sender: string): Promise<Buffer> {
  const { fields } = parseHeader(bytes);
  const first = fields.find((field) => field.lower !== 'dkim-signature');
  if (!first || first.start === 0) return bytes;
  const unsigned = bytes.subarray(first.start);
  const header = parseHeader(unsigned);
  const author = authorDomain(header.fields);
  const fromDomain = author.kind === 'domain' ? author.domain : domainOf(sender);
  const signed = await signer.sign({ header, content: new BufferSource(unsigned), fromDomain });
  return Buffer.concat([signed.fields, unsigned]);
}
