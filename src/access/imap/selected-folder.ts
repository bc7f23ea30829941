/** The selected mailbox as the session holds it: its state (selected-state.ts), and the news that are told of it. */
import type { ImapSession, SelectedMailbox } from './command.ts';
import { tellNews } from './selected-news.ts';
import { SelectedState } from './selected-state.ts';

export class SelectedFolder extends SelectedState implements SelectedMailbox {
  async sync(session: ImapSession, options: { readonly expunges: 'told' | 'held' }): Promise<void> {
    await tellNews(session, this, options.expunges === 'told');
  }
}

/** The selected mailbox of a command that needs one. */
export function selectedFolder(session: ImapSession): SelectedFolder {
  const { selected } = session;
  if (!(selected instanceof SelectedFolder)) throw new Error('no mailbox is selected');
  return selected;
}
