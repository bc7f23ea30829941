/** docs/reference/replies.md: what replies of other servers mean, from the table that trace and bounces use. */
import { ENHANCED_CODES, ENHANCED_DATE, ENHANCED_SOURCE, explainEnhanced } from '../../src/mail/reply-meaning/enhanced-codes.ts';
import { RULE_TABLES } from '../../src/mail/reply-meaning/explain.ts';
import { classOf, type ClassRule } from '../../src/mail/reply-meaning/fault-class.ts';
import { cell, code } from './rows.ts';

export function renderReplies(): string {
  const lines = [
    '# What replies mean',
    '',
    'Generated from `src/mail/reply-meaning/`; change it there. `posthorn explain "REPLY"` asks this table. Rules are tried from the top;',
    'only a culprit `recipient` may ever lead to an address being suppressed.',
  ];
  for (const { provider, source, date, rules } of RULE_TABLES) {
    lines.push('', `## ${provider ?? 'Everybody'}`, '', `Source: ${source} (${date}).`, '', '| rule | culprit | class | meaning | next step |', '|---|---|---|---|---|');
    for (const rule of rules) lines.push(`| ${code(rule.id)} | ${rule.culprit} | ${classes(rule)} | ${cell(rule.meaning)} | ${cell(rule.nextStep)} |`);
  }
  lines.push('', '## Enhanced status codes', '', `When no rule fits. Source: ${ENHANCED_SOURCE} (${ENHANCED_DATE}).`, '', '| code | culprit | meaning | next step |', '|---|---|---|---|');
  for (const enhanced of ENHANCED_CODES) {
    // The class says how long it lasts, not what it means: a permanent one stands for both.
    const row = explainEnhanced(`5.${enhanced}`);
    if (row) lines.push(`| ${code(`x.${enhanced}`)} | ${row.culprit} | ${cell(row.meaning)} | ${cell(row.nextStep)} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** Of a permanent reply, and of a temporary one when that differs. */
function classes(rule: ClassRule): string {
  const [permanent, temporary] = [classOf(550, rule), classOf(450, rule)];
  return permanent === temporary ? permanent : `${permanent}, 4xx: ${temporary}`;
}
