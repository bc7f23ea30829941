/** The text as a regex that matches just it (draft-ietf-sieve-regex §5). */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.[\]|()*+?{}]/g, '\\$&');
}
