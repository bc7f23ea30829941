/** `posthorn domain …` */
import { group, leaf, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';
import { addCheck } from './domain-check.ts';

interface DomainRow {
  readonly name: string;
  readonly aliasOf: string | null;
  readonly catchAll: string | null;
  readonly accounts: number;
}

interface AddOptions extends CommonOptions {
  readonly aliasOf?: string;
}

interface CatchAllOptions extends CommonOptions {
  readonly off?: boolean;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const domain = group(registry, 'domain', 'domains: add, list, catch-all, check, remove');
  leaf<AddOptions>(registry, domain, 'add', 'host a domain here, and make its DKIM keys', '<domain>', async (options, name) => {
    const result = await session.call<{ domain: string; keys: readonly { selector: string; algorithm: string }[] }>(options, 'domain.add', {
      domain: name,
      ...(options.aliasOf !== undefined && { aliasOf: options.aliasOf }),
    });
    if (options.json) return out.json(result);
    out.line(`${result.domain} is hosted here; it signs with ${result.keys.map((key) => `${key.selector} (${key.algorithm})`).join(' and ')}`);
    out.line(`publish its records: posthorn dns records ${result.domain}`);
  }).option('--alias-of <domain>', 'its addresses are those of this domain');
  leaf<CommonOptions>(registry, domain, 'list', 'list the domains', '', async (options) => {
    const result = await session.call<{ domains: readonly DomainRow[] }>(options, 'domain.list', {});
    if (options.json) return out.json(result);
    out.table(
      [{ title: 'Domain' }, { title: 'Accounts', align: 'right' }, { title: 'Alias of' }, { title: 'Catch-all' }],
      result.domains.map((row) => [row.name, row.accounts, row.aliasOf ?? '', row.catchAll ?? '']),
      'no domains yet; add one with: posthorn domain add DOMAIN',
    );
  });
  leaf<CatchAllOptions>(registry, domain, 'catch-all', 'where mail for unknown names of a domain goes', '<domain> [target]', async (options, name, target) => {
    if ((target === undefined) !== (options.off === true)) throw new UsageError('name the address that gets the mail, or --off to refuse unknown names');
    const result = await session.call<{ domain: string; catchAll: string | null }>(options, 'domain.catch-all', { domain: name, target: target ?? null });
    if (options.json) out.json(result);
    else out.line(result.catchAll === null ? `${result.domain}: unknown names are refused` : `${result.domain}: unknown names go to ${result.catchAll}`);
  }).option('--off', 'refuse unknown names again');
  addCheck(registry, domain);
  leaf<CommonOptions>(registry, domain, 'remove', 'host a domain no longer', '<domain>', async (options, name) => {
    const result = await session.call<{ domain: string; published: number }>(options, 'domain.remove', { domain: name });
    if (options.json) out.json(result);
    else out.line(`${result.domain} removed${result.published === 0 ? '' : `; ${result.published === 1 ? '1 record set' : `${result.published} record sets`} that Posthorn published for it still stand in DNS: posthorn dns plan ${result.domain} shows what can go`}`);
  });
}
