/**
 * `posthorn explain`: what another server's reply means, from the same table as trace; or what a whole mail log, or a
 * bounce in a file, tells.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readReply } from '../../../mail/maillog-reading/delivery-line.ts';
import { explainReply } from '../../../mail/reply-meaning/explain.ts';
import { vaguely } from '../../../mail/reply-meaning/refused-alike.ts';
import { leaf, wholeNumber, type Registry } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';
import { explainFile } from './explain-file.ts';

interface ExplainOptions extends CommonOptions {
  readonly mx?: string;
  readonly all?: boolean;
  readonly limit?: number;
}

/** Of a refusal that no rule knows by its words. */
const REPEATED = 'Whom it means is seen from what the receiver answers to other mail. Until then the message waits and is tried a few times; when others are taken meanwhile, it is believed and returned. When one after the other is refused so and nothing is taken in between, it is about this server: the rest waits, and nobody is suppressed.';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1000;

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<ExplainOptions>(registry, registry.program, 'explain', 'what a reply of another server means, or what went wrong in a mail log or a bounce, and what to do', '<reply-or-file...>', async (options, ...words) => {
    // A variadic argument comes as a list.
    const given = words.flat();
    const [file = ''] = given;
    const isFile = given.length === 1 && file !== '' && (file === '-' || existsSync(resolve(session.io.cwd, file)) || /^[^ ]*(?:\/|\.(?:log|eml|gz|\d)$)/.test(file));
    if (isFile) return explainFile(session, options, file, { all: options.all ?? false, limit: options.limit ?? LIMIT_DEFAULT });
    return explainWords(registry, options, given.join(' '));
  })
    .option('--mx <host>', 'the server that said it, when the text does not show the provider')
    .option('--all', 'of a log: each failure by itself instead of one paragraph for those that are alike')
    .option('--limit <number>', `of a log: how many to show (default ${LIMIT_DEFAULT})`, wholeNumber(1, LIMIT_MAX));
}

function explainWords({ session: { out } }: Registry, options: ExplainOptions, text: string): void {
  const reply = readReply(text);
  if (!reply) throw new UsageError('give the reply as it was, beginning with its code: posthorn explain "550 5.7.1 …", or a file: posthorn explain /var/log/mail.log');
  const explanation = explainReply(reply, { own: false, ...(options.mx !== undefined && { mx: options.mx }) });
  if (options.json) return out.json({ reply, ...explanation });
  out.facts([
    ['Reply', `${reply.code}${reply.enhanced ? ` ${reply.enhanced}` : ''}`],
    ['Provider', explanation.provider],
    ['Culprit', explanation.culprit],
    ['Class', explanation.faultClass],
    ['Meaning', explanation.meaning],
    ['Next step', explanation.nextStep],
    ['If repeated', reply.code >= 500 && vaguely(explanation) ? REPEATED : undefined],
    ['Come back', explanation.retryAfterMs === undefined ? undefined : `after ${Math.round(explanation.retryAfterMs / 1000)} seconds`],
    ['Their page', explanation.reference],
    ['Rule', explanation.rule],
    ['Source', `${explanation.source} (${explanation.date})`],
  ]);
}
