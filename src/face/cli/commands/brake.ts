/** `posthorn brake …`: accounts whose mail is held because their password may be stolen. */
import { printable } from '../../../base/table.ts';
import type { BrakeRelease } from '../../../manage/mailbox/quota.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';
import { moment } from '../words.ts';

interface ReleaseOptions extends CommonOptions {
  readonly delete?: boolean;
}

interface BrakeListing {
  readonly brakes: readonly { readonly account: string; readonly state: string; readonly rule: string; readonly reason: string; readonly at: number; readonly releasedAt: number | null; readonly held: { readonly messages: number; readonly recipients: number } }[];
  readonly now: number;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const brake = group(registry, 'brake', 'accounts stopped because they suddenly write to many strangers: list, release');
  leaf<CommonOptions>(registry, brake, 'list', 'the accounts that are stopped, and those that were let go', '', async (options) => {
    const result = await session.call<BrakeListing>(options, 'brake.list', {});
    const { out } = session;
    if (options.json) return out.json(result);
    if (result.brakes.length === 0) return out.line('no account was ever stopped');
    for (const { account, state, reason, at, releasedAt, held } of result.brakes) {
      out.line(`${out.style('bold', printable(account))}: ${state === 'braked' ? `stopped ${moment(at, result.now)}, ${held.recipients} recipients of ${held.messages} messages held` : `let go ${moment(releasedAt ?? at, result.now)}`}`);
      out.line(`  ${printable(reason)}`);
    }
  });
  leaf<ReleaseOptions>(registry, brake, 'release', 'let an account send again; what is held goes out', '<address>', async (options, address) => {
    const result = await session.call<BrakeRelease>(options, 'brake.release', { account: address, delete: options.delete ?? false });
    const { out } = session;
    if (options.json) return out.json(result);
    const what = `${result.recipients} recipient${result.recipients === 1 ? '' : 's'} of ${result.messages} message${result.messages === 1 ? '' : 's'}`;
    out.line(`${printable(result.account)} may send again; ${what} ${result.deleted ? 'deleted' : 'released'}`);
  }).option('--delete', 'delete what is held instead, without telling anybody');
}
