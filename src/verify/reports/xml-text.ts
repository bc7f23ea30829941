/** Text inside of XML 1.0: escaped, and without the characters that XML cannot hold at all (§2.2). */

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

export function xmlText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, '').replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
