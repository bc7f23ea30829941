/** A DKIM signature of the domain in From verifies. */
import { defineCheck, fail, pass, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';
import { dkimAligned, fromDomain } from './alignment.ts';

export const messageDkim = defineCheck<MessageSubject>({
  id: 'message-dkim', about: 'message', title: 'DKIM of the message', weight: 2.5,
  why: 'A signature of the domain in From proves who wrote, also behind forwarding, where SPF breaks. Some providers take no mail without it.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376',
  run: async (_context, subject) => {
    const { dkim } = subject.authentication;
    const from = fromDomain(subject) ?? 'the domain in From';
    const create = `Let the sending server sign with d=${from}: with Posthorn, posthorn domain add ${from} makes keys, and posthorn dns records ${from} shows what to publish.`;
    if (dkim.length === 0) return fail('The message has no DKIM signature.', create);
    const passed = dkim.filter(({ result }) => result === 'pass');
    const signers = [...new Set(passed.flatMap(({ domain }) => domain ?? []))].join(', ');
    if (dkimAligned(subject)) {
      const weak = passed.find(({ keyBits, algorithm }) => algorithm !== 'ed25519-sha256' && keyBits !== undefined && keyBits < 2048);
      return weak ? warn(`DKIM passes for ${signers}, with a key of only ${weak.keyBits} bits.`, 'Make a key of 2048 bits: posthorn dkim create, then activate it when its record is published.') : pass(`DKIM passes for ${signers}.`);
    }
    if (passed.length > 0) return warn(`DKIM passes for ${signers}, but From is of ${from}: for DMARC that does not count.`, create);
    const open = dkim.find(({ result }) => result === 'temperror');
    if (open) return { level: 'unknown', text: `The key of ${open.domain ?? 'the signature'} could not be looked up now.` };
    const [first] = dkim;
    const reason = first?.reason === undefined ? `the result is ${first?.result}` : first.reason;
    return fail(`No DKIM signature verifies: that of ${first?.domain ?? 'an unnamed domain'} (selector ${first?.selector ?? '?'}): ${reason}.`, remedyFor(reason, first?.domain ?? from, first?.selector ?? 'SELECTOR'));
  },
});

function remedyFor(reason: string, domain: string, selector: string): string {
  if (/body hash|signature did not verify|header/i.test(reason)) return 'Something changed the message after it was signed: a list, a virus scanner or a footer. Let the last server that changes it sign, or switch the change off.';
  if (/no key|not found|record|revoked|key/i.test(reason)) return `Publish the key at ${selector}._domainkey.${domain}; posthorn dns records ${domain} shows the record.`;
  return `Run posthorn dkim verify on the message; it names what is wrong with each signature.`;
}
