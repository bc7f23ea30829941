/**
 * Which flags a selected mailbox has and which of them the user may change for good: FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1).
 */
import { mayChange } from '../../mail/flag-rights.ts';
import type { ImapSession } from './command.ts';
import type { SelectedState } from './selected-state.ts';

const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'];

/** The flags of the mailbox, and those the user may change; `\*`: new keywords can be made. */
function flagNames(selected: SelectedState): { readonly flags: readonly string[]; readonly permanent: readonly string[] } {
  const flags = [...SYSTEM_FLAGS, ...selected.live.rows.flagSets.keywords];
  if (selected.readOnly) return { flags, permanent: [] };
  const permanent = flags.filter((flag) => mayChange(selected.rights, flag));
  return { flags, permanent: selected.rights.includes('w') ? [...permanent, '\\*'] : permanent };
}

/** Tells new keywords before the first message that carries them. */
export function tellFlagNames(session: ImapSession, selected: SelectedState): void {
  if (selected.newKeywords() !== undefined) writeFlagNames(session, selected);
}

export function writeFlagNames(session: ImapSession, selected: SelectedState): void {
  const { flags, permanent } = flagNames(selected);
  session.out.line(`* FLAGS (${flags.join(' ')})`);
  session.out.line(`* OK [PERMANENTFLAGS (${permanent.join(' ')})] flags that can be changed for good`);
}
