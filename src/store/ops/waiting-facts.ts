/**
 * Where waiting recipients would stand in line, without the rest of their rows. A hundred thousand of them pass through
 * when the messages for a site that does not answer are due: they go to the queue's thread as columns (WaitingFacts), and
 * who sends where is said once for all that agree in it.
 */
import type { WaitingFacts, WaitingKind } from '../../contract/queue.ts';
import type { Database } from '../database.ts';

/** The first time of a recipient was written down when it came; of older rows nobody knows. */
export const DUE_SET_AT = 'coalesce(due_set_at, CASE attempts WHEN 0 THEN next_attempt_at ELSE 0 END)';

export type FactsRow = readonly [
  message: number, position: number, dueAt: number, dueSetAt: number, queuedAt: number,
  sender: string, address: string, stream: string | null, dkimDomain: string | null, account: string | null,
];

/** `ids`: a JSON array. The joins run in the order in which they are written, so the rows come in the order of the ids. */
export function waitingFacts(db: Database, ids: string): WaitingFacts {
  return packFacts(db.rows(
    `SELECT wanted.key, r.position, r.next_attempt_at, ${DUE_SET_AT}, m.queued_at, m.sender, r.address, m.stream, m.dkim_domain, m.origin ->> 'account'
     FROM json_each(?) AS wanted CROSS JOIN messages m ON m.id = wanted.value CROSS JOIN recipients r ON r.message_id = m.id
     WHERE r.state = 'queued' AND r.reroute IS NULL AND r.reverse_path IS NULL AND r.via IS NULL`,
    ids,
  ) as unknown as readonly FactsRow[]);
}

/** Exported for stores without a disk. */
export function packFacts(rows: readonly FactsRow[]): WaitingFacts {
  const facts = {
    kinds: [] as WaitingKind[], kindOf: new Uint32Array(rows.length), messages: new Uint32Array(rows.length), positions: new Uint32Array(rows.length),
    dueAt: new Float64Array(rows.length), dueSetAt: new Float64Array(rows.length), queuedAt: new Float64Array(rows.length),
  };
  const known = new Map<string, number>();
  for (const [at, row] of rows.entries()) {
    facts.messages[at] = row[0];
    facts.positions[at] = row[1];
    facts.dueAt[at] = row[2];
    facts.dueSetAt[at] = row[3];
    facts.queuedAt[at] = row[4];
    const domain = row[6].slice(row[6].lastIndexOf('@') + 1).toLowerCase();
    const key = `${domain}\n${row[7] ?? ''}\n${row[8] ?? ''}\n${row[9] ?? ''}\n${row[5]}`;
    let kind = known.get(key);
    if (kind === undefined) {
      kind = facts.kinds.push(kindOf(row, domain)) - 1;
      known.set(key, kind);
    }
    facts.kindOf[at] = kind;
  }
  return facts;
}

function kindOf([, , , , , sender, , stream, dkimDomain, account]: FactsRow, domain: string): WaitingKind {
  return {
    sender, domain,
    ...(stream === null ? {} : { stream: stream as WaitingKind['stream'] & {} }),
    ...(dkimDomain === null ? {} : { dkimDomain }),
    ...(account === null ? {} : { account }),
  };
}
