/** Are the published keys long enough? */
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { changeOver, ofPublished } from './dkim-reading.ts';

const RSA_BITS = 2048;
const RSA_BITS_MIN = 1024;

export const dkimSize = defineCheck<DomainSubject>({
  id: 'dkim-size', about: 'domain', title: 'DKIM key size', weight: 1,
  why: 'RSA keys below 1024 bits are not believed, below 2048 not for long.',
  link: 'https://www.rfc-editor.org/rfc/rfc8301#section-3.2',
  run: async (context, subject) => ofPublished(context, subject, (key, { selector }) => {
    if (key.type !== 'rsa' || key.bits >= RSA_BITS) return pass('');
    const remedy = changeOver(subject.domain);
    return key.bits < RSA_BITS_MIN ? fail(`The key ${selector} has ${key.bits} bits.`, remedy) : warn(`The key ${selector} has ${key.bits} bits.`, remedy);
  }, 'The keys are long enough.'),
});
