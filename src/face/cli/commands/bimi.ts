/** `posthorn bimi check|record`: the logo beside the sender. */
import { checkBimiOf, checkedDomain } from '../../../manage/doctor/policy-checks.ts';
import { bimiRecordOf } from '../../../manage/doctor/findings.ts';
import { group, leaf, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, UsageError } from '../session.ts';
import { runPolicyCheck } from './tls-published.ts';

const ROOTS_BYTES_MAX = 1024 * 1024;

interface CheckOptions extends CommonOptions {
  readonly roots?: string;
}

interface RecordOptions extends CommonOptions {
  readonly logo?: string;
  readonly certificate?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const bimi = group(registry, 'bimi', 'the logo that mail programs show beside the sender: check, record');
  leaf<CheckOptions>(registry, bimi, 'check', 'record, DMARC policy, logo file (SVG Tiny P/S) and mark certificate with its chain and its logo', '<domain>', async (options, text = '') => {
    const domain = checkedDomain(text);
    const roots = options.roots === undefined ? undefined : await readGivenFile(session, options.roots, ROOTS_BYTES_MAX, 'a file of roots');
    return runPolicyCheck(session, options, (context) => checkBimiOf(context, domain, roots));
  }).option('--roots <file>', 'PEM file with the roots of mark certificates that are believed (default: whether the root is known stays unknown)');
  leaf<RecordOptions>(registry, bimi, 'record', 'the record to publish', '<domain>', async (options, text = '') => {
    for (const address of [options.logo, options.certificate]) {
      if (address !== undefined && !/^https:\/\/[^\s";]+$/.test(address)) throw new UsageError(`${address}: give an address that begins with https://`);
    }
    const record = bimiRecordOf(checkedDomain(text), options.logo, options.certificate);
    if (options.json) session.out.json({ record });
    else session.out.line(record);
  })
    .option('--logo <url>', 'https address of the logo')
    .option('--certificate <url>', 'https address of the PEM file of the mark certificate');
}
