/** `posthorn probe ADDRESS`: how the recipient's server answers a sender, stopped before DATA. */
import { isIP } from 'node:net';
import { printable } from '../../../base/table.ts';
import { probeAddress, type ProbedHost, type SmtpProbe } from '../../../manage/sending/smtp-probe.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withDoctorContext } from './verify-context.ts';

interface ProbeOptions extends CommonOptions {
  readonly from?: string;
  readonly helo?: string;
  readonly source?: string;
  readonly all?: boolean;
}

export function add(registry: Registry): void {
  leaf<ProbeOptions>(registry, registry.program, 'probe', 'how the server of an address answers a sender; stopped before DATA, nothing is sent', '<address>', (options, address) => probe(registry.session, options, address))
    .option('--from <address>', 'envelope sender; "" for that of bounces (default: the postmaster here)')
    .option('--helo <name>', 'EHLO name (default: of the source address, else the host name)')
    .option('--source <address>', 'address of ours to ask from (default: the first of [[outbound.ip]])')
    .option('--all', 'every mail server of the domain');
}

async function probe(session: Session, options: ProbeOptions, recipient = ''): Promise<number> {
  const config = session.configIfAny(options);
  const own = options.source === undefined ? config?.outbound.ips[0] : config?.outbound.ips.find(({ address }) => address === options.source);
  const source = options.source ?? own?.address;
  if (source !== undefined && isIP(source) === 0) throw new UsageError(`--source ${source}: give an IP address of this machine`);
  const helo = options.helo ?? own?.helo ?? config?.hostname;
  if (helo === undefined) throw new UsageError('no server is configured here: say with --helo as whom to ask');
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/.test(helo)) throw new UsageError(`--helo ${helo}: give a host name`);
  const sender = options.from ?? (config ? `postmaster@${config.origin ?? config.hostname}` : '');
  const result = await withDoctorContext(session, options, (context) => probeAddress(context, { recipient, sender, helo, ...(source === undefined ? {} : { source }), ...(options.all ? { all: true } : {}) }));
  if (options.json) session.out.json(result);
  else show(session, result);
  return result.outcome === 'accepts' ? 0 : 1;
}

function show({ out }: Session, { recipient, sender, helo, outcome, text, hosts }: SmtpProbe): void {
  out.line(out.style('bold', `<${printable(recipient)}> from <${printable(sender)}> as ${printable(helo)}: ${outcome}`));
  out.line(printable(text));
  for (const host of hosts) showHost(out, host, hosts.length > 1);
}

function showHost(out: Session['out'], { host, preference, address, steps, tls, explanation, text }: ProbedHost, oneOfMany: boolean): void {
  out.line();
  out.line(out.style('bold', `${preference} ${printable(host)} [${address}]`));
  for (const { command, code, lines, tookMs } of steps) {
    if (command !== '') out.line(`  > ${printable(command)}`);
    const last = lines.length - 1;
    for (const [at, line] of lines.entries()) out.line(`  < ${code}${at < last ? '-' : ' '}${printable(line)}${at === last && tookMs >= 1000 ? out.style('dim', `   after ${(tookMs / 1000).toFixed(1)} s`) : ''}`);
    if (command === 'STARTTLS' && tls) out.line(out.style('dim', `    ${tls.version}, certificate ${tls.trusted ? 'trusted' : `not trusted${tls.detail === undefined ? '' : `: ${printable(tls.detail)}`}`}`));
  }
  if (oneOfMany) out.line(`  ${printable(text)}`);
  if (!explanation) return;
  out.facts([['Meaning', explanation.meaning], ['Culprit', explanation.culprit], ['Next step', explanation.nextStep], ['Their page', explanation.reference]]);
}
