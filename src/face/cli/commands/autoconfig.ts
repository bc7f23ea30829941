/** `posthorn autoconfig check`: do mail programs find their settings by themselves? */
import { checkAutoconfig, checkedDomain } from '../../../manage/doctor/policy-checks.ts';
import type { PolicyFacts } from '../../../manage/doctor/policy-facts.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';
import { runPolicyCheck } from './tls-published.ts';

export function add(registry: Registry): void {
  const { session } = registry;
  const autoconfig = group(registry, 'autoconfig', 'settings that mail programs find by themselves (SRV, autoconfig): check');
  leaf<CommonOptions>(registry, autoconfig, 'check', 'do SRV records and autoconfig lead to what is served here?', '<domain>', async (options, text = '') => {
    const domain = checkedDomain(text);
    const facts = await session.call<PolicyFacts>(options, 'tls.facts', { domain });
    return runPolicyCheck(session, options, (context) => checkAutoconfig(context, domain, facts));
  });
}
