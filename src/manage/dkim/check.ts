/** `posthorn dkim check`: every key of ours against what is published, as our resolver and each name server of the zone have it. */
import type { KeyRow } from '../../store/ops/keys.ts';
import type { DeploymentFinding } from '../../verify/deployment-finding.ts';
import type { OwnKey } from '../../verify/dkim/judge-published.ts';
import type { VerifyContext } from '../authentication/verify.ts';
import { lookUpKey, type KeySighting } from './key-sighting.ts';

export interface CheckedKey extends Omit<KeySighting, 'findings'> {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: OwnKey['algorithm'];
  readonly keyState: KeyRow['state'];
  readonly ageDays: number;
  readonly findings: readonly DeploymentFinding[];
}

/** `unneeded`: its domain sends no mail. */
type CheckableKey = OwnKey & Pick<KeyRow, 'state' | 'createdAt'> & { readonly unneeded?: boolean };

const YEAR_DAYS = 365;

/** In the order of `keys`. Never rejects for what the DNS does. */
export function checkKeys({ dns, clock, network }: VerifyContext, keys: readonly CheckableKey[]): Promise<readonly CheckedKey[]> {
  const now = clock.now();
  return Promise.all(
    keys.map(async (key): Promise<CheckedKey> => {
      const others = keys.filter(({ domain }) => domain === key.domain);
      const { findings, ...sighting } = await lookUpKey({ dns, network }, key, others);
      const ageDays = Math.max(0, Math.floor((now - key.createdAt) / 86_400_000));
      const { domain, selector, algorithm, state } = key;
      return { ...sighting, domain, selector, algorithm, keyState: state, ageDays, findings: [...findings.map((each) => softened(each, key, sighting)), ...ageFinding(key, ageDays), ...laggingFinding(sighting)] };
    }),
  );
}

/** What is wrong with a key that does not sign hurts nobody yet, or no more. */
function softened(finding: DeploymentFinding, { state, selector, domain, unneeded }: CheckableKey, { state: seen }: Pick<KeySighting, 'state'>): DeploymentFinding {
  if (unneeded && (seen === 'missing' || seen === 'revoked')) return { level: 'skip', text: `${domain} sends no mail (posthorn dns policy ${domain}), so its key ${selector} need not be published.` };
  if (state === 'active' || finding.level !== 'fail') return finding;
  if (state === 'retired' && (seen === 'missing' || seen === 'revoked')) return { level: 'pass', text: `The key ${selector} rests, and its record is gone.` };
  return { ...finding, level: 'warn', text: `${finding.text} It does not sign${state === 'retired' ? ' any more' : ' yet'}.` };
}

function ageFinding({ state, selector, domain, unneeded }: CheckableKey, ageDays: number): readonly DeploymentFinding[] {
  if (state !== 'active' || unneeded || ageDays <= YEAR_DAYS) return [];
  return [{ level: 'warn', text: `The key ${selector} is ${ageDays} days old.`, remedy: `Change to a new one: posthorn dkim rotate ${domain}` }];
}

function laggingFinding({ state, lagging }: Pick<KeySighting, 'state' | 'lagging'>): readonly DeploymentFinding[] {
  if (state !== 'right' || lagging.length === 0) return [];
  return [{ level: 'warn', text: `Not every name server of the zone has it: ${lagging.map((each) => `${each.host} (${each.state})`).join(', ')}.`, remedy: 'Wait for the transfer of the zone; when it does not come, look at the serial number of its SOA record.' }];
}
