/** `posthorn explain "REPLY"`: what another server's reply means, from the same table as trace. */
import { explainReply } from '../../../mail/reply-meaning/explain.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';

interface ExplainOptions extends CommonOptions {
  readonly mx?: string;
}

export function add(registry: Registry): void {
  const { out } = registry.session;
  leaf<ExplainOptions>(registry, registry.program, 'explain', 'what a reply of another server means, and what to do', '<reply...>', async (options, ...words) => {
    // A variadic argument comes as a list.
    const reply = readReply(words.flat().join(' '));
    const explanation = explainReply(reply, { own: false, ...(options.mx !== undefined && { mx: options.mx }) });
    if (options.json) return out.json({ reply, ...explanation });
    out.facts([
      ['Reply', `${reply.code}${reply.enhanced ? ` ${reply.enhanced}` : ''}`],
      ['Provider', explanation.provider],
      ['Culprit', explanation.culprit],
      ['Class', explanation.faultClass],
      ['Meaning', explanation.meaning],
      ['Next step', explanation.nextStep],
      ['Come back', explanation.retryAfterMs === undefined ? undefined : `after ${Math.round(explanation.retryAfterMs / 1000)} seconds`],
      ['Their page', explanation.reference],
      ['Rule', explanation.rule],
      ['Source', `${explanation.source} (${explanation.date})`],
    ]);
  }).option('--mx <host>', 'the server that said it, when the text does not show the provider');
}

function readReply(text: string): { code: number; enhanced?: string; text: string } {
  const match = /^\s*([245]\d\d)[ -]?(?:([245]\.\d{1,3}\.\d{1,3})\b)?\s*([^]*)$/.exec(text);
  if (!match) throw new UsageError('give the reply as it was, beginning with its code: posthorn explain "550 5.7.1 …"');
  return { code: Number(match[1]), ...(match[2] !== undefined && { enhanced: match[2] }), text: (match[3] ?? '').trim() };
}
