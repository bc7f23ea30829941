/** The selected mailbox as the session holds it: its state (selected-state.ts), and the news that are told of it. */
import type { ImapSession, SelectedMailbox } from './command.ts';
import { tellNewMessages } from './notify/new-messages.ts';
import { tellNews } from './selected-news.ts';
import { SelectedState } from './selected-state.ts';

export class SelectedFolder extends SelectedState implements SelectedMailbox {
  async sync(session: ImapSession, options: { readonly expunges: 'told' | 'held' }): Promise<void> {
    const known = this.view.lastUid;
    const { exists } = await tellNews(session, this, options.expunges === 'told');
    const fetch = session.notification?.selected?.fetch ?? [];
    if (exists !== undefined && fetch.length > 0) await tellNewMessages(session, this, { fetch, knownUid: known });
  }
}

/** The selected mailbox of a command that needs one. */
export function selectedFolder(session: ImapSession): SelectedFolder {
  const { selected } = session;
  if (!(selected instanceof SelectedFolder)) throw new Error('no mailbox is selected');
  return selected;
}
