/** What a folder may be used for (RFC 6154 §2, RFC 8457 §3). \All and \Flagged are views of other folders, which there are none of. */
const SPECIAL_USES = ['\\Archive', '\\Drafts', '\\Important', '\\Junk', '\\Sent', '\\Trash'];

/** In its usual spelling; undefined when there is no such use. */
export function specialUseOf(written: string): string | undefined {
  return SPECIAL_USES.find((use) => use.toLowerCase() === written.toLowerCase());
}
