/**
 * For providers that keep each value as a record of its own, with a number: record sets are put together from them, and a
 * change is brought down to the fewest records. Records whose value stays are not touched; a value that goes makes room for
 * one that comes in the same record, so that no moment is without a record.
 */
import type { ChangeOutcome, PublishableType, RecordSet } from '../../contract/dns-publishing.ts';
import { ApiRefusal } from './dns-api.ts';
import { canonicalValue, tidyValue } from '../record-value.ts';
import { applied, outcomeOf, writeEach, type Edit, type HeldSet } from './zone-provider.ts';

export interface RecordRow {
  readonly id: string;
  readonly name: string;
  readonly type: PublishableType;
  readonly ttlSeconds: number;
  /** Tidy. */
  readonly value: string;
  /** The provider's own name of the type, where it has several for one. */
  readonly kind?: string;
  readonly special?: string;
}

export interface RowSet extends HeldSet {
  readonly rows: readonly RecordRow[];
}

export function setsOfRows(rows: readonly RecordRow[]): readonly RowSet[] {
  const sets = new Map<string, RecordRow[]>();
  for (const row of rows) {
    const key = `${row.type} ${row.name}`;
    const set = sets.get(key);
    if (set) set.push(row);
    else sets.set(key, [row]);
  }
  return [...sets.values()].map((of) => {
    const { name, type } = of[0] as RecordRow;
    const special = of.find((row) => row.special !== undefined)?.special;
    return { name, type, ttlSeconds: Math.min(...of.map(({ ttlSeconds }) => ttlSeconds)), values: of.map(({ value }) => value), rows: of, ...(special !== undefined && { special }) };
  });
}

export interface RowSteps {
  readonly update: readonly { readonly row: RecordRow; readonly value: string }[];
  readonly create: readonly string[];
  readonly remove: readonly RecordRow[];
}

export function stepsOf({ now, after }: Edit<RowSet>): RowSteps {
  const wanted = new Map(after?.values.map((value) => [canonicalValue(after.type, value), tidyValue(after.type, value)]));
  const spare: RecordRow[] = [];
  const update: { row: RecordRow; value: string }[] = [];
  for (const row of now?.rows ?? []) {
    if (!wanted.delete(canonicalValue(row.type, row.value))) spare.push(row);
    else if (row.ttlSeconds !== after?.ttlSeconds) update.push({ row, value: row.value });
  }
  const fresh = [...wanted.values()];
  for (const value of fresh.splice(0, spare.length)) update.push({ row: spare.shift() as RecordRow, value });
  return { update, create: fresh, remove: spare };
}

export interface RowWriter {
  create(set: RecordSet, value: string): Promise<unknown>;
  update(row: RecordRow, set: RecordSet, value: string): Promise<unknown>;
  remove(row: RecordRow): Promise<unknown>;
}

/** One record after the other. When one of a set fails after another was made, the outcome says so. */
export function writeRows(edits: readonly Edit<RowSet>[], writer: RowWriter): Promise<readonly ChangeOutcome[]> {
  return writeEach(edits, async (edit) => {
    const { update, create, remove } = stepsOf(edit);
    const { after } = edit;
    const steps = [
      ...update.map(({ row, value }) => () => writer.update(row, after as RecordSet, value)),
      ...create.map((value) => () => writer.create(after as RecordSet, value)),
      ...remove.map((row) => () => writer.remove(row)),
    ];
    for (const [at, step] of steps.entries()) {
      try {
        await step();
      } catch (error) {
        if (at === 0 || (error instanceof ApiRefusal && error.ofCredentials)) throw error;
        const outcome = outcomeOf(error);
        return outcome.kind === 'failed' ? { ...outcome, temporary: true, detail: `${outcome.detail}. ${at} of ${steps.length} records of this set were changed before; plan again` } : outcome;
      }
    }
    return applied;
  });
}
