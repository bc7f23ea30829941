/** `posthorn alias …` */
import type { Alias } from '../../../manage/directory/alias.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const alias = group(registry, 'alias', 'aliases: add, list, remove');
  leaf<CommonOptions>(registry, alias, 'add', 'let an address lead to others', '<address> <targets...>', async (options, address, targets) => {
    const result = await session.call<Alias>(options, 'alias.add', { address, targets: [targets].flat() });
    if (options.json) out.json(result);
    else out.line(`${result.address} → ${result.targets.join(', ')}`);
  });
  leaf<CommonOptions>(registry, alias, 'list', 'list the aliases', '[domain]', async (options, domain) => {
    const result = await session.call<{ aliases: readonly Alias[] }>(options, 'alias.list', domain === undefined ? {} : { domain });
    if (options.json) return out.json(result);
    out.table([{ title: 'Alias' }, { title: 'Leads to' }], result.aliases.map((row) => [row.address, row.targets.join(', ')]), 'no aliases yet; add one with: posthorn alias add ADDRESS TARGET');
  });
  leaf<CommonOptions>(registry, alias, 'remove', 'remove an alias, or one target of it', '<address> [target]', async (options, address, target) => {
    const result = await session.call<{ address: string }>(options, 'alias.remove', { address, ...(target !== undefined && { target }) });
    if (options.json) out.json(result);
    else out.line(`${result.address} removed`);
  });
}
