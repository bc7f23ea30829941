/**
 * What is to be done, as it gathers: doubles are merged, what excludes each other is refused, and the implicit keep is
 * cancelled (RFC 5228 §2.10).
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { MessageEdition, SieveAction } from '../action.ts';
import { SieveFailure } from './meter.ts';

export class Outcome {
  readonly #actions: SieveAction[] = [];
  #implicitKeep = true;

  /** `takes`: the implicit keep is cancelled. */
  add(action: SieveAction, takes: boolean): void {
    this.#refuseConflicts(action);
    if (takes) this.#implicitKeep = false;
    if (this.#merge(action)) return;
    this.#actions.push(action);
    this.#refuseTooMany(action.kind);
  }

  /** `edition`: of the message as the script left it. `flags`: of the internal variable (RFC 5232 §5). */
  finish(edition: MessageEdition | undefined, flags: readonly string[], line: number): SieveAction[] {
    const actions = [...this.#actions];
    if (this.#implicitKeep && !actions.some((action) => isInbox(action))) actions.push({ kind: 'keep', implicit: true, flags, edition, line });
    // RFC 7352 §3: noted last, when everything else is known to happen.
    return [...actions.filter((action) => action.kind !== 'remember'), ...actions.filter((action) => action.kind === 'remember')];
  }

  /** RFC 5228 §2.10.3: one message comes into a folder, and to an address, once. The first edition counts, the last flags. */
  #merge(action: SieveAction): boolean {
    const index = this.#actions.findIndex((known) => isSame(known, action));
    const known = this.#actions[index];
    if (!known) return false;
    if ((known.kind === 'keep' || known.kind === 'fileinto') && (action.kind === 'keep' || action.kind === 'fileinto')) {
      this.#actions[index] = { ...known, flags: action.flags, ...(known.kind === 'fileinto' && action.kind === 'fileinto' && { create: known.create || action.create, copy: known.copy && action.copy }) };
    }
    if (known.kind === 'redirect' && action.kind === 'redirect') this.#actions[index] = { ...known, copy: known.copy && action.copy };
    return true;
  }

  #refuseConflicts(action: SieveAction): void {
    const has = (...kinds: SieveAction['kind'][]): boolean => this.#actions.some((known) => kinds.includes(known.kind));
    // RFC 5429 §2: one refusal, and nothing that accepts the message besides.
    if (action.kind === 'reject' && has('reject')) throw new SieveFailure('a message can be rejected only once');
    if (action.kind === 'reject' && has('keep', 'fileinto', 'redirect')) throw new SieveFailure('a message that is kept, filed or redirected cannot be rejected too');
    if ((action.kind === 'keep' || action.kind === 'fileinto' || action.kind === 'redirect') && has('reject')) throw new SieveFailure('a rejected message cannot be kept, filed or redirected');
    // RFC 5230 §4.7 and §4.
    if (action.kind === 'vacation' && has('reject')) throw new SieveFailure('a rejected message cannot be answered by “vacation”');
    if (action.kind === 'reject' && has('vacation')) throw new SieveFailure('a message that “vacation” answers cannot be rejected');
    if (action.kind === 'vacation' && has('vacation')) throw new SieveFailure('“vacation” can be used only once for a message');
  }

  #refuseTooMany(kind: SieveAction['kind']): void {
    const count = this.#actions.filter((action) => action.kind === kind).length;
    if (kind === 'redirect' && count > SIEVE_LIMITS.redirectsMax) throw new SieveFailure(`more than ${SIEVE_LIMITS.redirectsMax} redirects`);
    if (kind === 'notify' && count > SIEVE_LIMITS.notificationsMax) throw new SieveFailure(`more than ${SIEVE_LIMITS.notificationsMax} notifications`);
    if (this.#actions.length > SIEVE_LIMITS.actionsMax) throw new SieveFailure(`more than ${SIEVE_LIMITS.actionsMax} actions`);
  }
}

function isInbox(action: SieveAction): boolean {
  return action.kind === 'keep' || (action.kind === 'fileinto' && action.folder.toUpperCase() === 'INBOX');
}

function isSame(a: SieveAction, b: SieveAction): boolean {
  if (isInbox(a) && isInbox(b)) return true;
  if (a.kind === 'fileinto' && b.kind === 'fileinto') return a.folder === b.folder;
  if (a.kind === 'redirect' && b.kind === 'redirect') return a.address.toLowerCase() === b.address.toLowerCase();
  if (a.kind === 'remember' && b.kind === 'remember') return a.key === b.key;
  // RFC 5435 §3.8: the same notification twice is one.
  if (a.kind === 'notify' && b.kind === 'notify') return a.method === b.method && a.subject === b.subject && a.body === b.body;
  return a.kind === 'discard' && b.kind === 'discard';
}
