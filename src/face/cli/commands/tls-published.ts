/** `posthorn tls sts|rpt|dane|caa`: what a domain publishes about TLS, and what to publish. */
import type { Command } from 'commander';
import { Failure } from '../../../base/errors.ts';
import { printable } from '../../../base/table.ts';
import { checkCaa, checkDane, checkedDomain, checkMtaSts, checkTlsRpt } from '../../../manage/doctor/policy-checks.ts';
import { tlsaOfPem, type PolicyFacts } from '../../../manage/doctor/policy-facts.ts';
import { isBad, type DeploymentFinding } from '../../../manage/doctor/findings.ts';
import { stsPlan } from '../../../manage/tls/sts-plan.ts';
import type { StsPublication } from '../../../manage/tls/sts-publication.ts';
import type { VerifyContext } from '../../../manage/authentication/verify.ts';
import { parseDuration } from '../../../config/values.ts';
import { leaf, subgroup, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { showFindings } from './findings.ts';
import { withDoctorContext } from './verify-context.ts';

interface DaneOptions extends CommonOptions {
  readonly next?: string;
}

const KEY_FILE_BYTES_MAX = 1024 * 1024;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** Of this server; undefined where none is configured: then only what is published is looked at. */
export async function policyFacts(session: Session, options: CommonOptions, domain: string): Promise<PolicyFacts | undefined> {
  try {
    return await session.call<PolicyFacts>(options, 'tls.facts', { domain });
  } catch (error) {
    if (error instanceof Failure && error.code === 'config-not-found') return undefined;
    throw error;
  }
}

/** Looks, prints, and says by the exit status whether something is to be done. */
export async function runPolicyCheck<Checked extends { readonly findings: readonly DeploymentFinding[] }>(session: Session, options: CommonOptions, look: (context: VerifyContext) => Promise<Checked>): Promise<number> {
  const checked = await withDoctorContext(session, options, look);
  if (options.json) session.out.json(checked);
  else showFindings(session.out, checked.findings);
  return isBad(checked.findings) ? 1 : 0;
}

export function addPublished(registry: Registry, tls: Command): void {
  const { session } = registry;
  const sts = subgroup(tls, 'sts', 'MTA-STS of a domain: check, plan, max-age');
  leaf<CommonOptions>(registry, sts, 'check', 'is the policy there, whole, and does it fit the mail servers?', '<domain>', async (options, text = '') => {
    const domain = checkedDomain(text);
    const facts = await policyFacts(session, options, domain);
    return runPolicyCheck(session, options, (context) => checkMtaSts(context, domain, facts));
  });
  leaf<CommonOptions>(registry, sts, 'plan', 'the way from testing to enforce, with dates, by the reports that came', '<domain>', (options, text = '') => showPlan(session, options, checkedDomain(text)));
  leaf<CommonOptions>(registry, sts, 'max-age', 'how long senders keep the policy of a domain of ours: 1d to 365d, or "usual"', '<domain> <duration>', (options, domain = '', duration = '') => setMaxAge(session, options, checkedDomain(domain), duration));
  const rpt = subgroup(tls, 'rpt', 'TLS reports of a domain: check');
  leaf<CommonOptions>(registry, rpt, 'check', 'does the domain ask for TLS reports, and whom?', '<domain>', (options, text = '') => {
    const domain = checkedDomain(text);
    return runPolicyCheck(session, options, (context) => checkTlsRpt(context, domain));
  });
  const dane = subgroup(tls, 'dane', 'TLSA records: check, record');
  leaf<DaneOptions>(registry, dane, 'check', 'do the TLSA records of the mail servers fit their certificates?', '<domain>', async (options, text = '') => {
    const domain = checkedDomain(text);
    const next = options.next === undefined ? undefined : await readKey(session, options.next);
    const facts = await policyFacts(session, options, domain);
    return runPolicyCheck(session, options, (context) => checkDane(context, domain, facts, next));
  }).option('--next <file>', 'PEM file with the key (or certificate) to come: is its record published, too?');
  leaf<DaneOptions>(registry, dane, 'record', 'the TLSA record of this server, and of its next key', '', (options) => showRecords(session, options)).option('--next <file>', 'PEM file with the key (or certificate) to come');
  const caa = subgroup(tls, 'caa', 'who may make certificates for a domain: check');
  leaf<CommonOptions>(registry, caa, 'check', 'do the CAA records allow the authority of our certificate?', '<domain>', async (options, text = '') => {
    const domain = checkedDomain(text);
    const facts = await policyFacts(session, options, domain);
    return runPolicyCheck(session, options, (context) => checkCaa(context, domain, facts));
  });
}

async function showPlan(session: Session, options: CommonOptions, domain: string): Promise<number> {
  const facts = await session.call<PolicyFacts>(options, 'tls.facts', { domain });
  if (!facts.hosted) throw new Failure('domain-unknown', `${domain} is not a domain of this server: add it with posthorn domain add ${domain}`, { temporary: false });
  const plan = stsPlan(domain, facts, Date.now());
  if (options.json) session.out.json(plan);
  else {
    const rows = plan.steps.map(({ title, state, text, from }) => [state, title, from === undefined ? '' : new Date(from).toISOString().slice(0, 10), text]);
    session.out.table([{ title: 'State' }, { title: 'Step' }, { title: 'From' }, { title: 'What to do' }], rows, '');
    session.out.line();
    session.out.line(plan.advice);
  }
  return 0;
}

async function setMaxAge(session: Session, options: CommonOptions, domain: string, duration: string): Promise<number> {
  const ms = duration === 'usual' ? 0 : parseDuration(duration);
  if (ms === undefined || (duration !== 'usual' && (ms < DAY_MS || ms > YEAR_MS))) throw new UsageError(`${duration}: give a duration from 1d to 365d, or "usual"`);
  const seconds = duration === 'usual' ? null : Math.round(ms / 1000);
  const { publication } = await session.call<{ publication?: StsPublication }>(options, 'tls.sts-max-age', { domain, seconds });
  if (!publication) throw new Failure('policy-unknown', `${domain} publishes no MTA-STS policy here: posthorn tls sts plan ${domain} tells how to begin`, { temporary: false });
  if (options.json) session.out.json(publication);
  else {
    session.out.line(`senders may keep the policy of ${printable(domain)} for ${publication.policy.maxAgeSeconds} seconds; publish the new id:`);
    session.out.line(`_mta-sts.${domain}. TXT "v=STSv1; id=${publication.id};"`);
  }
  return 0;
}

async function showRecords(session: Session, options: DaneOptions): Promise<number> {
  const { hostname, tlsa } = await session.call<PolicyFacts>(options, 'tls.facts', {});
  if (tlsa === undefined) throw new Failure('no-certificate', 'this server has no certificate: set tls.certificate and tls.key', { temporary: false });
  const next = options.next === undefined ? undefined : tlsaOfPem(await readKey(session, options.next));
  if (options.next !== undefined && next === undefined) throw new Failure('no-key', `${options.next} holds neither a private key nor a certificate in PEM`, { temporary: false });
  const records = [...new Set([tlsa, ...(next === undefined ? [] : [next])])].map((value) => `_25._tcp.${hostname}. TLSA ${value}`);
  if (options.json) session.out.json({ hostname, records });
  else {
    for (const record of records) session.out.line(record);
    session.out.line();
    session.out.line(next === undefined ? 'Publish it only where the zone is signed by DNSSEC. Before the key changes: posthorn tls dane record --next FILE' : 'Publish both, wait two TTLs, change the certificate, then take the first record out.');
  }
  return 0;
}

function readKey(session: Session, file: string): Promise<Buffer> {
  return readGivenFile(session, file, KEY_FILE_BYTES_MAX, 'a key or a certificate');
}
