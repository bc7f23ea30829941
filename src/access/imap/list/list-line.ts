/** One LIST line (RFC 9051 §7.3.1). */
import type { ResponseBatch } from '../../../wire/imap/response-batch.ts';
import type { NameEntry } from './name-tree.ts';

export interface ListLine {
  readonly name: string;
  readonly attributes: readonly string[];
  /** CHILDINFO: the selection options that names below it meet (RFC 5258 §3.5). */
  readonly childInfo?: readonly string[];
  /** The name under which the client knew it, or asked for it (RFC 9051 §6.3.9.7). */
  readonly oldName?: string;
}

export function writeListLine(out: ResponseBatch, line: ListLine): void {
  out.text(`* LIST (${line.attributes.join(' ')}) "/" `).mailbox(line.name);
  if (line.childInfo) out.text(` ("CHILDINFO" (${line.childInfo.map((option) => `"${option}"`).join(' ')}))`);
  if (line.oldName !== undefined) out.text(' ("OLDNAME" (').mailbox(line.oldName).text('))');
  out.text('\r\n');
}

/** `extended`: the client understands \NonExistent, which implies \Noselect (RFC 5258 §3). */
export function attributesOf(entry: NameEntry, options: { readonly extended: boolean; readonly tellSubscribed: boolean }): readonly string[] {
  const attributes: string[] = [];
  if (!entry.folder) attributes.push(options.extended ? '\\NonExistent' : '\\Noselect');
  attributes.push(entry.hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (options.tellSubscribed && entry.subscribed) attributes.push('\\Subscribed');
  // What a folder is used for is its owner's business.
  if (entry.folder && entry.folder.name === entry.folder.facts.name) attributes.push(...entry.folder.facts.specialUse);
  return attributes;
}
