/** `posthorn dkim keys` and `posthorn dkim verify`. */
import type { DkimReport } from '../../../contract/auth-report.ts';
import { answerDkim } from '../../../manage/verify.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { Session } from '../session.ts';
import { readMessageFile } from './message-file.ts';
import { withVerifyContext } from './verify-context.ts';

interface KeyRow {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly active: boolean;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const dkim = group(registry, 'dkim', 'keys, and verifying signatures');
  leaf(registry, dkim, 'keys', 'the signing keys of all domains, or of one', '[domain]', async (options, domain) => {
    const result = await session.call<{ keys: readonly KeyRow[] }>(options, 'dkim.keys', domain === undefined ? {} : { domain });
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Domain' }, { title: 'Selector' }, { title: 'Algorithm' }, { title: 'State' }],
      result.keys.map((key) => [key.domain, key.selector, key.algorithm, key.active ? 'signs' : 'idle']),
      'no keys yet; a domain gets its keys with: posthorn domain add DOMAIN',
    );
  });
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
