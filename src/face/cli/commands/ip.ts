/** `posthorn ip …` */
import { Option } from 'commander';
import type { LaneView, Pause } from '../../../contract/shaping-control.ts';
import type { IpDetails, IpList, IpView } from '../../../manage/addresses/ip.ts';
import { durationOption, group, leaf, type Registry } from '../command.ts';
import type { Output } from '../output.ts';
import type { CommonOptions } from '../session.ts';
import { moment } from '../words.ts';
import { addCheck } from './ip-check.ts';

interface PauseOptions extends CommonOptions {
  readonly for?: number;
  readonly reason?: string;
}

interface SiteOptions extends CommonOptions {
  readonly site?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const ip = group(registry, 'ip', 'our own addresses: list, show, pause, resume, reopen; any address: check');
  leaf<CommonOptions>(registry, ip, 'list', 'list the addresses, their pools and how they stand with each site', '', async (options) => {
    const result = await session.call<IpList>(options, 'ip.list', {});
    if (options.json) return out.json(result);
    showList(out, result);
  });
  leaf<CommonOptions>(registry, ip, 'show', 'show one address: states, reasons, what happens next, latest changes', '<address>', async (options, address) => {
    const result = await session.call<IpDetails>(options, 'ip.show', { address });
    if (options.json) return out.json(result);
    showDetails(out, result);
  });
  addCheck(registry, ip);
  leaf<PauseOptions>(registry, ip, 'pause', 'send nothing from an address', '<address>', async (options, address) => {
    const result = await session.call<Pause>(options, 'ip.pause', { address, ...(options.for !== undefined && { forMs: options.for }), ...(options.reason !== undefined && { reason: options.reason }) });
    if (options.json) return out.json(result);
    out.line(`${address} is paused ${result.until === undefined ? `until posthorn ip resume ${address}` : `until ${clockTime(result.until)}`}`);
  })
    .addOption(new Option('--for <duration>', 'end by itself after 30m, 4h, 2d …').argParser(durationOption))
    .option('--reason <text>', 'shown with whatever waits for it');
  leaf<CommonOptions>(registry, ip, 'resume', 'end the pause of an address', '<address>', async (options, address) => {
    const result = await session.call<{ address: string }>(options, 'ip.resume', { address });
    if (options.json) return out.json(result);
    out.line(`${result.address} sends again`);
  });
  leaf<SiteOptions>(registry, ip, 'reopen', 'let an address that rests send again, cautiously, when the cause is gone', '<address>', async (options, address) => {
    const result = await session.call<{ reopened: number }>(options, 'ip.reopen', { address, ...(options.site !== undefined && { site: options.site }) });
    if (options.json) return out.json(result);
    out.line(`${address} comes back cautiously (${result.reopened} ${result.reopened === 1 ? 'lane' : 'lanes'})`);
  }).option('--site <site>', 'only there');
}

function showList(out: Output, { ips, pauses, live, now }: IpList): void {
  out.table(
    [{ title: 'Address' }, { title: 'EHLO name' }, { title: 'Pool' }, { title: 'Weight', align: 'right' }, { title: 'Today', align: 'right' }, { title: 'Yesterday', align: 'right' }, { title: 'Remarks' }],
    ips.map((ip) => [nameOf(ip.address), ip.helo, ip.pool, ip.weight, ip.sentToday, ip.sentYesterday, remarks(ip, now)]),
    'no addresses',
  );
  const lanes = ips.flatMap((ip) => ip.lanes);
  if (lanes.length > 0) {
    out.line();
    laneTable(out, lanes, now);
  }
  for (const pause of pauses) out.line(`${pause.kind === 'site' ? 'Site' : 'Sender'} ${pause.name} is paused${pause.until === undefined ? '' : ` until ${clockTime(pause.until)}`}${pause.reason === '' ? '' : `: ${pause.reason}`}`);
  if (!live) out.note('No server is running; this is what was last written.');
}

function laneTable(out: Output, lanes: readonly LaneView[], now: number): void {
  const order = ['blocked', 'hot', 'cooling', 'cold', 'warming', 'steady'];
  const sorted = [...lanes].sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state) || other.sentToday - one.sentToday);
  out.table(
    [{ title: 'Address' }, { title: 'Site', max: 40 }, { title: 'Domain' }, { title: 'State' }, { title: 'Since' }, { title: 'Sent', align: 'right' }, { title: 'Put off', align: 'right' }, { title: 'Next' }],
    sorted.map((lane) => [nameOf(lane.key.source), lane.key.site, lane.key.dkimDomain || '(all)', lane.state, moment(lane.since, now), sentOf(lane), lane.deferredToday, lane.next]),
    '',
  );
}

function showDetails(out: Output, ip: IpDetails): void {
  const { now } = ip;
  out.facts([['Address', nameOf(ip.address)], ['EHLO name', ip.helo], ['Pool', ip.pool], ['Weight', ip.weight], ['Remarks', remarks(ip, now)], ['Sent today', ip.sentToday], ['Yesterday', ip.sentYesterday]]);
  for (const lane of ip.lanes) {
    out.line();
    out.facts([
      ['Site', lane.key.site],
      ['Domain', lane.key.dkimDomain],
      ['State', `${lane.state}, ${moment(lane.since, now)}`],
      ['Why', lane.why],
      ['Rule', lane.rule],
      ['Next', lane.next],
      ['Today', `${sentOf(lane)} sent, ${lane.deferredToday} put off, ${lane.complaintsToday} complaints`],
      ['Put off lately', lane.deferredShare === undefined ? undefined : `${Math.round(lane.deferredShare * 100)}%`],
    ]);
  }
  if (ip.changes.length === 0) return;
  out.line();
  out.table([{ title: 'When' }, { title: 'Site' }, { title: 'Domain' }, { title: 'Change' }, { title: 'Why' }], ip.changes.map(({ at, key, from, to, why }) => [clockTime(at), key.site, key.dkimDomain, `${from} → ${to}`, why]), '');
}

function sentOf({ sentToday, limitToday }: LaneView): string {
  return limitToday === undefined ? String(sentToday) : `${sentToday} of ${limitToday}`;
}

function remarks(ip: IpView, now: number): string {
  const paused = ip.paused && `paused${ip.paused.until === undefined ? '' : `, ends ${moment(ip.paused.until, now)}`}${ip.paused.reason === '' ? '' : ` (${ip.paused.reason})`}`;
  return [paused, ip.standby ? 'standby' : undefined].filter((part) => part !== undefined).join(', ');
}

/** The address that the system chooses is `system` for people. */
function nameOf(address: string): string {
  return address === '' ? 'system' : address;
}

function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
