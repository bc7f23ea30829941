/** `posthorn arc verify`: the chain of those who passed a message on. */
import { answerArc } from '../../../manage/authentication/verify.ts';
import { group, leaf, type Registry } from '../command.ts';
import { readMessageFile } from './message-file.ts';
import { withVerifyContext } from './verify-context.ts';

export function add(registry: Registry): void {
  const { session } = registry;
  const arc = group(registry, 'arc', 'verify the ARC chain of a message');
  leaf(registry, arc, 'verify', 'verify the chain; - reads standard input', '<file>', async (options, file = '') => {
    const message = await readMessageFile(session, file);
    const report = await withVerifyContext(session, options, (context) => answerArc(context, message));
    if (options.json) session.out.json(report);
    else {
      session.out.facts([
        ['Chain', report.cv],
        ['Instances', report.instances],
        ['Newest sealer', report.sealer],
        ['Reason', report.reason],
        ['First results', report.firstResults],
      ]);
    }
    return report.cv === 'fail' || report.cv === 'temperror' ? 1 : 0;
  });
}
