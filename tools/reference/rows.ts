/** Cells of Markdown tables. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();
}

export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
