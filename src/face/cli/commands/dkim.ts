/** `posthorn dkim …`: keys of our domains, their change-over, and verifying signatures. */
import { Option } from 'commander';
import { printable } from '../../../base/table.ts';
import type { CheckedKey } from '../../../manage/dkim/check.ts';
import { checkKeys } from '../../../manage/dkim/check.ts';
import type { ShownKey } from '../../../manage/dkim/verbs.ts';
import { answerDkimWhy, type ExplainedSignature } from '../../../manage/dkim/why.ts';
import { isBad } from '../../../manage/doctor/findings.ts';
import { group, leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { addDkimRotate } from './dkim-rotate.ts';
import { showFindings } from './findings.ts';
import { readMessageFile } from './message-file.ts';
import { withDoctorContext, withVerifyContext } from './verify-context.ts';

interface CreateOptions extends CommonOptions {
  readonly algorithm: 'rsa' | 'ed25519';
  readonly selector?: string;
}

interface KeysOptions extends CommonOptions {
  readonly look: boolean;
}

interface CheckOptions extends CommonOptions {
  readonly all?: boolean;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const dkim = group(registry, 'dkim', 'keys: create, rotate, check; verifying signatures, and why they fail');
  leaf<KeysOptions>(registry, dkim, 'keys', 'the signing keys of all domains, or of one: state, age, size, published or not', '[domain]', (options, domain) => listKeys(session, options, domain)).option(
    '--no-look',
    'do not ask the DNS whether they are published',
  );
  leaf<CreateOptions>(registry, dkim, 'create', 'make one more key for a domain; it signs when you activate it', '<domain>', (options, domain = '') => create(session, options, domain))
    .addOption(new Option('--algorithm <name>', 'kind of key').choices(['rsa', 'ed25519']).default('rsa'))
    .option('--selector <name>', 'name of the key in the DNS (default: made of the date)');
  for (const [name, state, summary] of [['activate', 'active', 'let a key sign'], ['retire', 'retired', 'let a key rest: its record stays until the last mail that it signed has arrived']] as const) {
    leaf(registry, dkim, name, summary, '<domain> <selector>', async (options, domain = '', selector = '') => {
      const result = await session.call<{ selector: string }>(options, 'dkim.state', { domain, selector, state });
      if (options.json) session.out.json(result);
      else session.out.line(`${selector} of ${domain} ${state === 'active' ? 'signs now' : 'rests now'}`);
    });
  }
  leaf(registry, dkim, 'remove', 'delete a key that does not sign', '<domain> <selector>', async (options, domain = '', selector = '') => {
    const result = await session.call<{ domain: string; selector: string }>(options, 'dkim.remove', { domain, selector });
    if (options.json) session.out.json(result);
    else session.out.line(`${selector} of ${domain} is deleted; take its record out of the DNS, too`);
  });
  addDkimRotate(registry, dkim);
  leaf<CheckOptions>(registry, dkim, 'check', 'what is published against the keys that sign, by meaning', '[domain]', (options, domain) => check(session, options, domain)).option('--all', 'all domains (as without a domain)');
  leaf(registry, dkim, 'verify', 'verify the signatures of a message, and say why one fails; - reads standard input', '<file>', async (options, file = '') => {
    const message = await readMessageFile(session, file);
    const rows = await withVerifyContext(session, options, (context) => answerDkimWhy(context, message));
    if (options.json) session.out.json(rows);
    else showSignatures(session, rows);
    return rows.some(({ result }) => result === 'pass') ? 0 : 1;
  });
}

const STATES: Readonly<Record<ShownKey['state'], string>> = { active: 'signs', published: 'waits', retired: 'rests' };

async function listKeys(session: Session, options: KeysOptions, domain: string | undefined): Promise<void> {
  const { keys } = await session.call<{ keys: readonly ShownKey[] }>(options, 'dkim.keys', domain === undefined ? {} : { domain });
  const seen: readonly (CheckedKey | undefined)[] = options.look ? await withDoctorContext(session, options, ({ dns, clock }) => checkKeys({ dns, clock }, keys)) : [];
  if (options.json) return session.out.json({ keys: keys.map((key, at) => ({ ...key, ...(seen[at] ? { published: seen[at].state } : {}) })) });
  session.out.table(
    [{ title: 'Domain' }, { title: 'Selector' }, { title: 'Algorithm' }, { title: 'Bits', align: 'right' }, { title: 'State' }, { title: 'Age' }, { title: 'Published' }],
    keys.map((key, at) => [key.domain, key.selector, key.algorithm, key.bits, STATES[key.state], `${key.ageDays} d`, seen[at]?.state ?? '']),
    'no keys yet; a domain gets its keys with: posthorn domain add DOMAIN',
  );
}

async function create(session: Session, options: CreateOptions, domain: string): Promise<void> {
  const args = { domain, algorithm: options.algorithm === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256', ...(options.selector === undefined ? {} : { selector: options.selector }) };
  const key = await session.call<ShownKey>(options, 'dkim.create', args);
  if (options.json) return session.out.json(key);
  session.out.line(`${key.selector} was made and waits. Publish this record, wait a day, then: posthorn dkim activate ${key.domain} ${key.selector}`);
  session.out.line();
  session.out.line(key.record);
}

async function check(session: Session, options: CheckOptions, domain: string | undefined): Promise<number> {
  if (options.all && domain !== undefined) throw new UsageError('give a domain or --all, not both');
  const { keys } = await session.call<{ keys: readonly ShownKey[] }>(options, 'dkim.keys', domain === undefined ? {} : { domain });
  const checked = await withDoctorContext(session, options, (context) => checkKeys(context, keys));
  if (options.json) session.out.json({ keys: checked });
  else if (checked.length === 0) session.out.line(domain === undefined ? 'no keys yet; a domain gets its keys with: posthorn domain add DOMAIN' : `${printable(domain)} has no keys here: posthorn dkim keys lists those there are`);
  else for (const key of checked) showFindings(session.out, key.findings.map((finding) => ({ ...finding, text: `${key.name}: ${finding.text}` })));
  return checked.length === 0 || checked.some(({ findings }) => isBad(findings)) ? 1 : 0;
}

function showSignatures({ out }: Session, rows: readonly ExplainedSignature[]): void {
  if (rows.length === 0) return out.line('the message has no DKIM signature');
  for (const [at, row] of rows.entries()) {
    if (at > 0) out.line();
    out.line(`${out.style(row.result === 'pass' ? 'green' : 'red', row.result)}  d=${printable(row.domain ?? '?')} s=${printable(row.selector ?? '?')} ${printable(row.algorithm ?? '')}${row.keyBits === undefined ? '' : ` (${row.keyBits} bit)`}`);
    if (row.reason !== undefined) out.line(`  ${printable(row.reason)}`);
    for (const line of row.why?.lines ?? []) out.line(`  ${printable(line)}`);
  }
}
