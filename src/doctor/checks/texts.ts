/** TXT records of a name, each as one text. */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';

/** Empty: there are none. */
export async function textsAt(dns: Dns, name: string): Promise<readonly string[] | Extract<DnsAnswer<'TXT'>, { kind: 'failure' }>> {
  const answer = await dns.query(name, 'TXT');
  if (answer.kind === 'failure') return answer;
  return answer.kind === 'found' ? answer.records.map((parts) => parts.join('')) : [];
}
