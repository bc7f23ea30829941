/**
 * `posthorn suppression …`: the addresses that are not written to.
 *
 * Files are CSV with a header of `address`, `source`, `reason`, `reply`, `since`, `expires`, `stream` in any order
 * (dates as 2026-11-20 or in full ISO 8601; a stream when only mail of that one is stopped); a file without header is a list of addresses, one a line, with the reason behind a comma.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatCsvRow, parseCsv } from '../../../base/csv.ts';
import { Failure } from '../../../base/errors.ts';
import { sentence } from '../../../base/table.ts';
import { parseDuration } from '../../../config/values.ts';
import { STREAMS, type Stream } from '../../../contract/sending.ts';
import { SUPPRESSION_SOURCES, type Suppression } from '../../../contract/suppression.ts';
import type { ImportResult, SuppressionPage } from '../../../manage/suppression.ts';
import { group, leaf, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface ListOptions extends CommonOptions {
  readonly domain?: string;
  readonly source?: string;
  readonly limit?: string;
}

interface AddOptions extends CommonOptions {
  readonly reason?: string;
  readonly for?: string;
}

const ROWS_PER_CALL = 10_000;
const LISTED_AT_FIRST = 200;
const COLUMNS = ['address', 'source', 'reason', 'reply', 'since', 'expires', 'stream'] as const;

export function add(registry: Registry): void {
  const { session } = registry;
  const suppression = group(registry, 'suppression', 'addresses that are not written to: list, add, remove, import, export');
  leaf<ListOptions>(registry, suppression, 'list', 'list the addresses, with the reason', '', (options) => list(session, options))
    .option('--domain <domain>', 'of this domain only')
    .option('--source <source>', `only what came by ${SUPPRESSION_SOURCES.join(', ')}`)
    .option('--limit <count>', `rows, default ${LISTED_AT_FIRST}`);
  leaf<AddOptions>(registry, suppression, 'add', 'stop mail to an address', '<address>', async (options, address) => {
    const forMs = options.for === undefined ? undefined : parseDuration(options.for);
    if (options.for !== undefined && forMs === undefined) throw new UsageError(`--for ${options.for}: give a time such as 12h or 30d`);
    const args = { address, ...(options.reason !== undefined && { reason: options.reason }), ...(forMs !== undefined && { forMs }) };
    const result = await session.call<Suppression>(options, 'suppression.add', args);
    if (options.json) session.out.json(result);
    else session.out.line(`${result.address} is not written to any more${result.expiresAt === undefined ? '' : ` until ${day(result.expiresAt)}`}`);
  }).option('--reason <text>', 'why, for those who ask later').option('--for <time>', 'only for so long, such as 30d');
  leaf<CommonOptions>(registry, suppression, 'remove', 'let mail to an address go again', '<address>', async (options, address) => {
    const result = await session.call<{ address: string }>(options, 'suppression.remove', { address });
    if (options.json) session.out.json(result);
    else session.out.line(`${result.address} may be written to again`);
  });
  leaf<CommonOptions>(registry, suppression, 'import', 'put the addresses of a CSV file on the list; - reads standard input', '<file>', (options, file) => importFile(session, options, String(file)));
  leaf<CommonOptions>(registry, suppression, 'export', 'write the whole list as CSV, to a file or standard output', '[file]', (options, file) =>
    exportList(session, options, file === undefined ? undefined : String(file)),
  );
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { out } = session;
  const limit = Number(options.limit ?? LISTED_AT_FIRST);
  if (!Number.isInteger(limit) || limit < 1 || limit > ROWS_PER_CALL) throw new UsageError(`--limit: give a number from 1 to ${ROWS_PER_CALL}; export writes everything`);
  const page = await session.call<SuppressionPage>(options, 'suppression.list', {
    limit, ...(options.domain !== undefined && { domain: options.domain }), ...(options.source !== undefined && { source: options.source }),
  });
  if (options.json) return out.json(page);
  const rows = page.suppressions.map((row) => [row.address, row.stream === undefined ? row.source : `${row.source} (${row.stream})`, day(row.since), row.expiresAt === undefined ? '' : day(row.expiresAt), row.reply ?? row.reason]);
  out.table([{ title: 'Address' }, { title: 'By' }, { title: 'Since' }, { title: 'Until' }, { title: 'Why' }], rows, options.domain === undefined && options.source === undefined ? 'no address is suppressed' : 'no such address is suppressed');
  if (page.next !== undefined) out.note(`… of ${page.total} in all; posthorn suppression export writes everything`);
}

/** 1 when nothing in the file is an address. */
async function importFile(session: Session, options: CommonOptions, file: string): Promise<number> {
  const { out } = session;
  const entries = readEntries((await readGivenFile(session, file, LIST_BYTES_MAX, 'a list of addresses')).toString('utf8'));
  if (entries.length === 0) throw new Failure('file-empty', `${file} holds no addresses: give one in each line, or a CSV file with a column "address"`, { temporary: false });
  const totals = { added: 0, changed: 0, unchanged: 0 };
  let refusedCount = 0;
  const refused: string[] = [];
  for (let at = 0; at < entries.length; at += ROWS_PER_CALL) {
    const result = await session.call<ImportResult>(options, 'suppression.import', { entries: entries.slice(at, at + ROWS_PER_CALL) });
    totals.added += result.added;
    totals.changed += result.changed;
    totals.unchanged += result.unchanged;
    refusedCount += result.refusedCount;
    refused.push(...result.refused);
    if (!options.json && entries.length > ROWS_PER_CALL) out.note(`${Math.min(at + ROWS_PER_CALL, entries.length)} of ${entries.length}`);
  }
  const status = refusedCount === entries.length ? 1 : 0;
  if (options.json) {
    out.json({ read: entries.length, ...totals, refused: refused.slice(0, 10), refusedCount });
    return status;
  }
  const before = [...(totals.changed > 0 ? [`${totals.changed} changed`] : []), ...(totals.unchanged > 0 ? [`${totals.unchanged} there already`] : [])];
  out.line(`${totals.added} of ${entries.length} addresses put on the list${before.length > 0 ? `; ${before.join(', ')}` : ''}`);
  if (refusedCount > 0) out.note(`${refusedCount} were no addresses, such as ${sentence(refused.slice(0, 3).map((text) => JSON.stringify(text.slice(0, 60))).join(', '))}`);
  return status;
}

async function exportList(session: Session, options: CommonOptions, file: string | undefined): Promise<void> {
  const pageBehind = (after: string): Promise<SuppressionPage> => session.call(options, 'suppression.list', { after, limit: ROWS_PER_CALL });
  // Nothing is opened or written before it is known that there is something to write.
  const first = await pageBehind('');
  async function* rows(): AsyncGenerator<string> {
    yield formatCsvRow(COLUMNS);
    for (let page = first; ; page = await pageBehind(page.next)) {
      yield page.suppressions.map(csvRow).join('');
      if (page.next === undefined) return;
    }
  }
  if (file === undefined) {
    for await (const text of rows()) session.out.raw(text);
    return;
  }
  try {
    await writeFile(resolve(session.io.cwd, file), rows(), { mode: 0o600 });
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('file-unwritable', `cannot write ${file}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, { temporary: false, cause });
  }
}

function csvRow({ address, source, reason, reply, since, expiresAt, stream }: Suppression): string {
  return formatCsvRow([address, source, reason, reply ?? '', new Date(since).toISOString(), expiresAt === undefined ? '' : new Date(expiresAt).toISOString(), stream ?? '']);
}

interface Entry {
  readonly address: string;
  readonly source?: string;
  readonly reason?: string;
  readonly reply?: string;
  readonly since?: number;
  readonly expiresAt?: number;
  readonly stream?: Stream;
}

/** A million addresses with their reasons. */
const LIST_BYTES_MAX = 256 * 1024 * 1024;
/** Longer than any address (RFC 5321 section 4.5.3.1), short enough to be shown. */
const CELL_CHARS_MAX = 500;

function readEntries(text: string): Entry[] {
  const rows = parseCsv(text);
  const header = (rows[0] ?? []).map((name) => name.trim().toLowerCase());
  const named = header.includes('address') || header.includes('email');
  const columns = named ? header.map((name) => (name === 'email' ? 'address' : name === 'date' ? 'since' : name)) : ['address', 'reason'];
  return rows.slice(named ? 1 : 0).map((row) => entryOf(Object.fromEntries(row.map((value, at) => [columns[at] ?? '', value.trim()]))));
}

function entryOf({ address = '', source, reason, reply, since, expires, stream }: Record<string, string>): Entry {
  const known = SUPPRESSION_SOURCES.find((name) => name === source?.toLowerCase());
  const only = STREAMS.find((name) => name === stream?.toLowerCase());
  const sinceMs = readTime(since);
  const expiresAt = readTime(expires);
  return {
    // An empty one, or a cell too long to be an address, is counted among those refused and stops nobody else.
    address: address === '' ? '?' : address.slice(0, CELL_CHARS_MAX),
    ...(known && { source: known }), ...(reason && { reason: reason.slice(0, 500) }), ...(reply && { reply: reply.slice(0, 500) }),
    ...(sinceMs !== undefined && { since: sinceMs }), ...(expiresAt !== undefined && { expiresAt }), ...(only && { stream: only }),
  };
}

function readTime(text: string | undefined): number | undefined {
  const ms = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) || ms < 0 ? undefined : ms;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
