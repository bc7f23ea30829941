/** What Validity's Sender Score says of the address, over DNS. */
import { parseIp } from '../../../verify/ip-address.ts';
import { defineCheck, fail, pass, skip, unanswered, unknown, warn, type AddressSubject } from '../../check.ts';

const GOOD = 80;
const BAD = 70;

export const senderScore = defineCheck<AddressSubject>({
  id: 'sender-score', about: 'address', title: 'Sender Score', weight: 0.5,
  why: 'Some receivers look at this figure from 0 to 100, made of complaints and unknown recipients of the last 30 days.',
  link: 'https://senderscore.org/',
  run: async ({ dns }, { address }) => {
    const ip = parseIp(address);
    if (ip?.length !== 4) return skip('Sender Score knows IPv4 addresses only.');
    const answer = await dns.query(`${[...ip].toReversed().join('.')}.score.senderscore.com`, 'A');
    if (answer.kind === 'failure') return unanswered(`The Sender Score of ${address}`, answer);
    if (answer.kind !== 'found') return skip(`${address} has no Sender Score: too little mail of it was seen.`);
    const score = Number(/^127\.0\.4\.(\d{1,3})$/.exec(answer.records[0] ?? '')?.[1] ?? Number.NaN);
    if (!(score <= 100)) return unknown(`Sender Score answered ${answer.records.join(', ')}, which it does not document.`);
    const text = `The Sender Score of ${address} is ${score}.`;
    const remedy = 'Write only to people who asked for it; remove addresses that bounce; stop a stream that draws complaints. The figure follows within weeks.';
    return score >= GOOD ? pass(text) : score >= BAD ? warn(text, remedy) : fail(text, remedy);
  },
});
