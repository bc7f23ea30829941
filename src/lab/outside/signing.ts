/** DKIM signatures and ARC seals of the host outside. One RSA key for all its domains, made when the lab starts. */
import { sign, type KeyObject } from 'node:crypto';
import { parseHeader, type HeaderField } from '../../mail/header.ts';
import { collectArcSets } from '../../verify/arc/arc-set.ts';
import { sealedText } from '../../verify/arc/seal.ts';
import { createMessageBodyHasher } from '../../verify/dkim/body-hasher.ts';
import { canonicalField, canonicalSignatureField } from '../../verify/dkim/header-canonical.ts';
import { signDkim } from '../../verify/dkim/sign-dkim.ts';
import { OUTSIDE_SELECTOR } from './domains.ts';

const SEALED_FIELDS = ['from', 'to', 'subject', 'date', 'message-id'];

export interface OutsideSigner {
  /** The message with a DKIM-Signature on top. */
  dkim(message: Buffer, domain: string): Promise<Buffer>;
  /** The message with a first ARC set on top; `results` is what the sealer claims to have seen. RFC 8617 §5.1. */
  arc(message: Buffer, domain: string, results: string): Promise<Buffer>;
}

export function createOutsideSigner(privateKey: KeyObject, now: () => number): OutsideSigner {
  const rsa = (text: string): string => sign('sha256', Buffer.from(text, 'latin1'), privateKey).toString('base64');
  return {
    async dkim(message, domain) {
      const { fields } = parseHeader(message);
      const signature = await signDkim({
        fields,
        bodyHash: bodyHash(message),
        domain,
        selector: OUTSIDE_SELECTOR,
        algorithm: 'rsa-sha256',
        privateKey,
        now: now(),
      });
      return Buffer.concat([signature, message]);
    },
    async arc(message, domain, results) {
      const { fields } = parseHeader(message);
      const seconds = Math.floor(now() / 1000);
      const claimed = `ARC-Authentication-Results: i=1; ${domain}; ${results}`;
      const chosen = SEALED_FIELDS.flatMap((name) => fields.filter((each) => each.lower === name).slice(-1));
      const unsigned = `ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=${OUTSIDE_SELECTOR}; t=${seconds}; h=${chosen.map((each) => each.lower).join(':')}; bh=${bodyHash(message).toString('base64')}; b=`;
      const signedText = chosen.map((each) => canonicalField(each.raw, 'relaxed')).join('') + canonicalSignatureField(field(unsigned).raw, 'relaxed');
      const messageSignature = unsigned + rsa(signedText);
      const openSeal = `ARC-Seal: i=1; a=rsa-sha256; cv=none; d=${domain}; s=${OUTSIDE_SELECTOR}; t=${seconds}; b=`;
      // A placeholder makes the set complete; the text to seal leaves b= out.
      const collected = collectArcSets(parseHeader(Buffer.from(`${openSeal}AAAA\r\n${messageSignature}\r\n${claimed}\r\n\r\n`)).fields);
      if (collected.kind !== 'sets') throw new Error(`the lab made a bad ARC set: ${JSON.stringify(collected)}`);
      const seal = openSeal + rsa(sealedText(collected.sets, 1));
      return Buffer.concat([Buffer.from(`${seal}\r\n${messageSignature}\r\n${claimed}\r\n`), message]);
    },
  };
}

function field(text: string): HeaderField {
  return parseHeader(Buffer.from(`${text}\r\n\r\n`)).fields[0] as HeaderField;
}

function bodyHash(message: Buffer): Buffer {
  const hasher = createMessageBodyHasher();
  hasher.update(message);
  return hasher.digest();
}
