/** The answer of the mail-tester as a message: plain text and HTML that say the same, as it asks of others. */
import { composeMessage } from '../../mail/compose.ts';
import { firstField, headerEnd, parseHeader } from '../../mail/header.ts';
import { costOf, factsShown, sectionsOf, verdictOf, type ReportItem } from './score-text.ts';
import type { ScoreReport } from './score.ts';

export interface MailTestReport {
  readonly report: ScoreReport;
  /** Queue id. */
  readonly id: string;
  /** The address that was written to: the answer comes from there. */
  readonly recipient: string;
  readonly to: string;
  readonly hostname: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly original: Buffer;
}

const REFERENCE_CHARS_MAX = 500;

export function composeMailTestReport({ report, id, recipient, to, hostname, date, original }: MailTestReport): Buffer {
  const end = headerEnd(original);
  const { fields } = parseHeader(end < 0 ? original : original.subarray(0, end));
  const [reference] = /<[^<>\s]+>/.exec(firstField(fields, 'message-id')?.value ?? '') ?? [];
  return composeMessage({
    from: { name: 'Mail tester', address: recipient },
    to: [to],
    subject: `Your mail scores ${report.score} of 10`,
    text: textOf(report, id),
    html: htmlOf(report, id),
    date,
    messageId: `<${id}.mail-test@${hostname}>`,
    ...(reference !== undefined && reference.length <= REFERENCE_CHARS_MAX ? { inReplyTo: reference, references: [reference] } : {}),
    // RFC 3834 §5.
    headers: [['Auto-Submitted', 'auto-replied']],
  });
}

export function textOf(report: ScoreReport, id: string): string {
  const lines = [`Score: ${report.score} of 10. ${verdictOf(report)}`, ''];
  for (const [name, value] of factsShown(report)) lines.push(`${name}: ${value}`);
  for (const { title, items } of sectionsOf(report)) {
    lines.push('', title.toUpperCase(), '');
    for (const item of items) lines.push(...itemLines(item));
  }
  lines.push('', closing(id));
  return `${lines.join('\n')}\n`;
}

function itemLines(item: ReportItem): string[] {
  const cost = costOf(item);
  return [
    `* ${item.title}${cost === '' ? '' : ` (${cost})`}: ${item.text}`,
    ...(item.remedy === undefined ? [] : [`  Do: ${item.remedy.replaceAll('\n', '\n      ')}`]),
    ...(item.record === undefined ? [] : [`  Record: ${item.record}`]),
    ...(item.link === undefined ? [] : [`  See: ${item.link}`]),
  ];
}

function closing(id: string): string {
  return `This report was made by Posthorn because you wrote to its mail tester. It is kept for 30 days as ${id}.`;
}

function htmlOf(report: ScoreReport, id: string): string {
  const facts = factsShown(report).map(([name, value]) => `<tr><td>${escape(name)}:</td><td>${escape(value)}</td></tr>`).join('\n');
  const sections = sectionsOf(report).map(({ title, items }) => `<h2>${escape(title)}</h2>\n<ul>\n${items.map(itemHtml).join('\n')}\n</ul>`).join('\n');
  return `<!DOCTYPE html>
<html lang="en"><body style="font-family: sans-serif">
<h1>Score: ${report.score} of 10. ${escape(verdictOf(report))}</h1>
<table>
${facts}
</table>
${sections}
<p>${escape(closing(id))}</p>
</body></html>
`;
}

function itemHtml(item: ReportItem): string {
  const cost = costOf(item);
  const parts = [
    `<b>${escape(item.title)}${cost === '' ? '' : ` (${escape(cost)})`}:</b> ${escape(item.text)}`,
    ...(item.remedy === undefined ? [] : [`Do: ${item.remedy.split('\n').map(escape).join('<br>\n')}`]),
    ...(item.record === undefined ? [] : [`Record: <code>${escape(item.record)}</code>`]),
    ...(item.link === undefined ? [] : [`See: <a href="${escape(item.link)}">${escape(item.link)}</a>`]),
  ];
  return `<li>${parts.join('<br>\n')}</li>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
