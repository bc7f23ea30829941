/** What `to` and `cc` of maildrop name: a folder of a Maildir, an mbox file, an address, a program. Pure. */

export type Destination =
  | { readonly kind: 'inbox' | 'nowhere' | 'unknown' }
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'program'; readonly text: string };

export function destinationOf(text: string): Destination {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.includes('`')) return { kind: 'unknown' };
  if (trimmed.startsWith('|')) return { kind: 'program', text: trimmed.slice(1).trim() };
  if (trimmed.startsWith('!')) {
    const addresses = trimmed.slice(1).split(/[\s,]+/).filter((address) => address !== '');
    return addresses.length > 0 && addresses.every((address) => address.includes('@')) ? { kind: 'addresses', addresses } : { kind: 'unknown' };
  }
  if (trimmed === '/dev/null') return { kind: 'nowhere' };
  return folderOf(trimmed);
}

/** Maildir++ names folders `.Name.Below` inside of the Maildir; an mbox is named by its file. */
function folderOf(path: string): Destination {
  const names = path.replace(/\/+$/, '').split('/').filter((name) => name !== '' && name !== '.');
  const last = names.at(-1) ?? '';
  if (/^\$\{?DEFAULT\}?$/.test(path) || /^(?:Maildir|mail|Mailbox|mbox|INBOX)$/i.test(last) || names.length === 0) return { kind: 'inbox' };
  if (/^\$\{?(?:HOME|MAILDIR)\}?$/.test(last)) return { kind: 'inbox' };
  const folder = last.startsWith('.') ? last.slice(1).replaceAll('.', '/') : last;
  return folder === '' ? { kind: 'inbox' } : { kind: 'folder', name: folder };
}
