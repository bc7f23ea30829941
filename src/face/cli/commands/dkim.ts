/** `posthorn dkim …`: keys of our domains, and verifying signatures. */
import { Option } from 'commander';
import type { DkimReport } from '../../../contract/auth-report.ts';
import { answerDkim } from '../../../manage/verify.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';
import { readMessageFile } from './message-file.ts';
import { withVerifyContext } from './verify-context.ts';

interface KeyRow {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly active: boolean;
}

interface CreateOptions extends CommonOptions {
  readonly algorithm: 'rsa' | 'ed25519';
  readonly selector?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const dkim = group(registry, 'dkim', 'keys, create, activate, retire; verifying signatures');
  leaf(registry, dkim, 'keys', 'the signing keys of all domains, or of one', '[domain]', async (options, domain) => {
    const result = await session.call<{ keys: readonly KeyRow[] }>(options, 'dkim.keys', domain === undefined ? {} : { domain });
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Domain' }, { title: 'Selector' }, { title: 'Algorithm' }, { title: 'State' }],
      result.keys.map((key) => [key.domain, key.selector, key.algorithm, key.active ? 'signs' : 'idle']),
      'no keys yet; a domain gets its keys with: posthorn domain add DOMAIN',
    );
  });
  leaf<CreateOptions>(registry, dkim, 'create', 'make one more key for a domain; it signs when you activate it', '<domain>', async (options, domain = '') => {
    const args = { domain, algorithm: options.algorithm === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256', ...(options.selector === undefined ? {} : { selector: options.selector }) };
    const key = await session.call<KeyRow & { publicKey?: string }>(options, 'dkim.create', args);
    if (options.json) return session.out.json(key);
    session.out.line(`${key.selector} was made and waits: publish its record (posthorn dns records ${key.domain}), wait a day, then posthorn dkim activate ${key.domain} ${key.selector}`);
  })
    .addOption(new Option('--algorithm <name>', 'kind of key').choices(['rsa', 'ed25519']).default('rsa'))
    .option('--selector <name>', 'name of the key in the DNS (default: made of the date)');
  for (const [name, state, summary] of [['activate', 'active', 'let a key sign'], ['retire', 'retired', 'let a key rest: its record stays until the last mail that it signed has arrived']] as const) {
    leaf(registry, dkim, name, summary, '<domain> <selector>', async (options, domain = '', selector = '') => {
      const result = await session.call<{ selector: string }>(options, 'dkim.state', { domain, selector, state });
      if (options.json) session.out.json(result);
      else session.out.line(`${selector} of ${domain} ${state === 'active' ? 'signs now' : 'rests now'}`);
    });
  }
  leaf(registry, dkim, 'verify', 'verify the signatures of a message; - reads standard input', '<file>', async (options, file = '') => {
    const message = await readMessageFile(session, file);
    const rows = await withVerifyContext(session, options, (context) => answerDkim(context, message));
    if (options.json) session.out.json(rows);
    else show(session, rows);
    return rows.some(({ result }) => result === 'pass') ? 0 : 1;
  });
}

function show({ out }: Session, rows: readonly DkimReport[]): void {
  out.table(
    [{ title: 'Result' }, { title: 'Domain' }, { title: 'Selector' }, { title: 'Algorithm' }, { title: 'Reason' }],
    rows.map((row) => [row.result, row.domain ?? '', row.selector ?? '', row.algorithm ?? '', row.reason ?? '']),
    'the message has no DKIM signature',
  );
}
