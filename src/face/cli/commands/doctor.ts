/** `posthorn doctor`: will mail arrive, and if not, exactly what has to be changed? */
import { isIP } from 'node:net';
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import { Failure } from '../../../base/errors.ts';
import { printable } from '../../../base/table.ts';
import { explainCheck, listChecks, runDoctor, strangersAmong, type DoctorFacts, type Examination, type OwnExamination } from '../../../manage/doctor/doctor.ts';
import { examinationText, type Paragraph } from '../../../manage/doctor/doctor-text.ts';
import { leaf, type Registry } from '../command.ts';
import { Progress } from '../progress.ts';
import { standingLine } from './standing-line.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withDoctorContext } from './verify-context.ts';

interface DoctorOptions extends CommonOptions {
  readonly all?: boolean;
  readonly only?: readonly string[];
  /** True: all of them. */
  readonly explain?: string | true;
}

export function add(registry: Registry): void {
  leaf<DoctorOptions>(registry, registry.program, 'doctor', 'check host, addresses and domains as receivers do (default: all domains of this server)', '[domains...]', (options, domains) =>
    doctor(registry.session, options, (domains as unknown as readonly string[] | undefined) ?? []),
  )
    .option('--all', 'all domains of this server')
    .option('--only <check...>', 'only these checks')
    .option('--explain [check]', 'what a check looks at, and why; without a name: all checks');
}

async function doctor(session: Session, options: DoctorOptions, domains: readonly string[]): Promise<number> {
  const { out, io } = session;
  if (options.explain !== undefined) return explain(session, options, options.explain);
  if (domains[0] === 'history') throw new UsageError(`what was found before is shown by posthorn guard history ${domains.slice(1).join(' ')}`.trimEnd());
  if (options.all && domains.length > 0) throw new UsageError('give domains or --all, not both');
  for (const id of options.only ?? []) known(id);
  const address = domains.find((each) => isIP(each) !== 0);
  if (address !== undefined) throw new UsageError(`${address} is an address, not a domain: posthorn ip check ${address}`);
  const facts = await factsOf(session, options);
  const strangers = facts ? strangersAmong(domains, facts) : [];
  if (strangers.length > 0) out.note(`${strangers.slice(0, SUBJECTS_SHOWN).join(', ')}${strangers.length > SUBJECTS_SHOWN ? ' …' : ''}: no domain of this server, so looked at from outside only; posthorn domain list shows ours`);
  const progress = new Progress(io, options.json ?? false);
  const examination = await withDoctorContext(session, options, (context) =>
    runDoctor(context, {
      facts, domains,
      ...(options.only ? { only: options.only } : {}),
      onStanding: (standing) => progress.show(standingLine(standing)),
    }),
  ).finally(() => progress.clear());
  if (facts && options.dns === undefined) await keep(session, options, examination, options.only === undefined && domains.length === 0);
  if (options.json) out.json(examination);
  else show(session, examination);
  return examination.results.some(({ level, causedBy }) => level === 'fail' && causedBy === undefined) ? 1 : 0;
}

/** For `posthorn guard history`; an examination is worth showing even when it cannot be kept. */
async function keep(session: Session, options: DoctorOptions, { score, results, addresses }: OwnExamination, whole: boolean): Promise<void> {
  try {
    await session.call(options, 'doctor.keep', { results, addresses: addresses.slice(0, DOCTOR_LIMITS.addressesMax), ...(whole ? { score } : {}) });
  } catch (error) {
    session.out.note(`the findings could not be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Undefined where no server is configured: then only the domains named are looked at. */
async function factsOf(session: Session, options: DoctorOptions): Promise<DoctorFacts | undefined> {
  try {
    return await session.call<DoctorFacts>(options, 'doctor.facts', {});
  } catch (error) {
    if (error instanceof Failure && error.code === 'config-not-found') return undefined;
    throw error;
  }
}

/** A name that nobody knows is wrong usage. */
function known(id: string): ReturnType<typeof explainCheck> {
  try {
    return explainCheck(id);
  } catch (error) {
    throw error instanceof Failure && error.code === 'check-unknown' ? new UsageError(error.message) : error;
  }
}

function explain({ out }: Session, options: DoctorOptions, id: string | true): number {
  if (id === true) {
    if (options.json) out.json({ checks: listChecks() });
    else out.table([{ title: 'Check' }, { title: 'Looks at' }, { title: 'Weight', align: 'right' }, { title: 'At most', align: 'right' }, { title: 'What' }], listChecks().map((check) => [check.id, check.about, check.weight, check.cap ?? '', check.title]), 'There are no checks.');
    return 0;
  }
  const { run: _run, ...check } = known(id);
  if (options.json) out.json(check);
  else out.facts([['Check', check.id], ['What', check.title], ['Why', check.why], ['Weight', `${check.weight} of 10 points when it fails, half of that for a warning`], ['At most', check.cap === undefined ? undefined : `${check.cap} points while it fails, however good the rest is`], ['See', check.link]]);
  return 0;
}

const STYLES = { fail: ['red', 'FAIL'], warn: ['yellow', 'warn'], unknown: ['dim', '?'], pass: ['green', 'ok'], skip: ['dim', '–'] } as const;
const SUBJECTS_SHOWN = 3;
const RECORD_HELP = 'A record is: name, type, value. Enter it where the DNS of the domain is managed, mostly with whom you registered it;\nmost panels want the value without quotation marks, and several quoted pieces as one text without the gaps between them:\nposthorn dns records DOMAIN --format panel shows what a domain should have in such fields.\nposthorn dns plan and posthorn dns apply do it for you where a provider is configured. PTR is set by the hosting provider.';

function show({ out }: Session, examination: Examination): void {
  const { verdict, counts, sections } = examinationText(examination);
  out.line(`${out.style('bold', `Score: ${examination.score} of 10.`)} ${verdict}`);
  out.line(counts);
  for (const { title, paragraphs } of sections) {
    if (title === sections[0]?.title && sections.some((each) => each.paragraphs.some(({ records }) => records.length > 0))) out.line(RECORD_HELP);
    out.line();
    out.line(out.style('bold', title));
    for (const paragraph of paragraphs) showParagraph(out, paragraph);
  }
}

function showParagraph(out: Session['out'], { level, title, subjects, text, why, remedy, records, link, consequences }: Paragraph): void {
  const [style, word] = STYLES[level];
  const more = subjects.length - SUBJECTS_SHOWN;
  const about = `${subjects.slice(0, SUBJECTS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const many = subjects.length > 1;
  if (level === 'pass' && many) return out.line(`${out.style(style, word.padEnd(5))} ${printable(title)} (${printable(about)})`);
  out.line(`${out.style(style, word.padEnd(5))} ${printable(title)}${about === '' ? '' : ` (${printable(about)})`}: ${many ? `${subjects.length} alike; the first: ` : ''}${printable(text)}`);
  if (why !== undefined) out.line(`      why: ${printable(why)}`);
  if (remedy !== undefined) out.line(`      do: ${printable(remedy)}`);
  for (const record of records) out.line(`      record: ${printable(record)}`);
  if (records.length > 0 && more > 0) out.line('      the others need the same under their own names: posthorn doctor --json lists each; what this server can publish, posthorn dns plan --all shows');
  if (consequences.length > 0) out.line(`      ${level === 'unknown' ? 'not known' : 'shows also in'}: ${printable(consequences.join(', '))}`);
  if (link !== undefined) out.line(`      see: ${link}`);
}
