/** `posthorn queue pause|resume|pauses`: nothing to a site, from an address of ours, or of a sender, for a while. */
import type { Command } from 'commander';
import { printable } from '../../../base/table.ts';
import type { Pause, SiteView } from '../../../contract/shaping-control.ts';
import { durationOption, leaf, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';

interface TargetOptions extends CommonOptions {
  readonly site?: string;
  readonly ip?: string;
  readonly sender?: string;
}

interface PauseOptions extends TargetOptions {
  /** Milliseconds. */
  readonly for?: number;
  readonly reason?: string;
}

const NAMES = { site: 'the site', source: 'the address', sender: 'the sender' } as const;

export function addPauses(registry: Registry, queue: Command): void {
  const { session } = registry;
  withTarget(
    leaf<PauseOptions>(registry, queue, 'pause', 'send nothing to a site, from an address of ours, or of a sender', '', async (options) => {
      const { kind, name } = targetOf(options);
      const { for: forMs, reason } = options;
      const pause = await session.call<Pause>(options, 'shaping.pause', { kind, name, ...(forMs === undefined ? {} : { forMs }), ...(reason === undefined ? {} : { reason }) });
      if (options.json) return session.out.json(pause);
      session.out.line(`${NAMES[kind]} ${printable(name)} is paused ${pause.until === undefined ? 'until it is resumed' : `until ${utcText(pause.until)}`}; its mail waits in the queue`);
      if (kind === 'site') await tellUnknownSite(registry, options, pause.name);
    }),
  )
    .option('--for <duration>', 'only for so long, such as 2h', durationOption)
    .option('--reason <text>', 'why; queue why shows it');
  withTarget(
    leaf<TargetOptions>(registry, queue, 'resume', 'end a pause', '', async (options) => {
      const { kind, name } = targetOf(options);
      await session.call(options, 'shaping.resume', { kind, name });
      if (options.json) session.out.json({ kind, name });
      else session.out.line(`${NAMES[kind]} ${printable(name)} goes on`);
    }),
  );
  leaf<CommonOptions>(registry, queue, 'pauses', 'what is paused', '', async (options) => {
    const { pauses } = await session.call<{ pauses: readonly Pause[] }>(options, 'shaping.list', {});
    if (options.json) return session.out.json(pauses);
    session.out.table(
      [{ title: 'What' }, { title: 'Name', max: 60 }, { title: 'Since' }, { title: 'Until' }, { title: 'Reason', max: 80 }],
      pauses.map(({ kind, name, createdAt, until, reason }) => [kind === 'source' ? 'ip' : kind, name || 'system', utcText(createdAt), until === undefined ? 'it is resumed' : utcText(until), reason]),
      'nothing is paused',
    );
  });
}

/** A misspelt name would stop nothing. */
async function tellUnknownSite({ session }: Registry, options: CommonOptions, name: string): Promise<void> {
  const { sites } = await session.call<{ sites: readonly Pick<SiteView, 'key'>[] }>(options, 'shaping.list', {});
  if (sites.length === 0 || sites.some(({ key }) => key === name)) return;
  session.out.line('no mail has gone to a site of that name lately: posthorn queue stats shows the names of those whose mail waits');
}

function utcText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function withTarget(command: Command): Command {
  return command
    .option('--site <site>', 'an MX site, by the name that queue stats shows')
    .option('--ip <address>', 'an address of ours; "system" when outbound.ip names none')
    .option('--sender <address>', 'an envelope sender, or a whole domain');
}

function targetOf({ site, ip, sender }: TargetOptions): { readonly kind: Pause['kind']; readonly name: string } {
  const given = ([['site', site], ['source', ip], ['sender', sender]] as const).flatMap(([kind, name]) => (name === undefined ? [] : [{ kind, name }]));
  const [target, another] = given;
  if (!target || another) throw new UsageError('say what: one of --site, --ip and --sender');
  if (target.name.trim() === '') throw new UsageError('say which: --site, --ip and --sender want a name');
  return target;
}
