/** The same checks over several addresses, for judgements that compare them. */
import type { Check, DoctorContext, Finding, SendingAddress } from '../../check.ts';

export interface AddressFinding {
  readonly address: string;
  readonly finding: Finding;
}

/** `checks`: about addresses. */
export async function findingsOf(context: DoctorContext, addresses: readonly SendingAddress[], checks: readonly Check[]): Promise<readonly AddressFinding[]> {
  return Promise.all(addresses.flatMap((each) => checks.map(async ({ run }) => ({ address: each.address, finding: await run(context, { kind: 'address', ...each }) }))));
}

export function inWords(findings: readonly AddressFinding[]): string {
  return findings.map(({ finding }) => finding.text).join(' ');
}
