/** `posthorn dmarc …`: what a domain says about mail that fails, and how a receiver finds that out. */
import { printable } from '../../../base/table.ts';
import { answerDmarc, type DmarcAnswer } from '../../../manage/authentication/dmarc.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';
import { addDmarcPlan } from './dmarc-plan.ts';
import { addReportReader } from './report-received.ts';
import { withVerifyContext } from './verify-context.ts';

export function add(registry: Registry): void {
  const { session } = registry;
  const dmarc = group(registry, 'dmarc', 'DMARC as a receiver sees it: check, explain; and the way to p=reject: plan');
  addDmarcPlan(registry, dmarc);
  leaf<CommonOptions>(registry, dmarc, 'check', 'which policy applies to a domain, and what is wrong with it', '<domain>', async (options, domain = '') => {
    const answer = await withVerifyContext(session, options, (context) => answerDmarc(context, domain));
    if (options.json) session.out.json(answer);
    else {
      const { out } = session;
      out.line(answer.policy === undefined ? `${answer.domain} has no DMARC policy` : `${answer.policy}, by ${answer.policyTag}= in the record of ${answer.recordOf}`);
      for (const step of answer.walk) out.line(`  ${step.name}: ${printable(step.finding)}`);
      for (const sentence of answer.alignment) out.line(sentence);
      for (const problem of answer.problems) out.line(`do: ${printable(problem)}`);
    }
    return answer.policy === undefined ? 1 : 0;
  });
  leaf<CommonOptions>(registry, dmarc, 'explain', 'the walk up the tree, the record tag by tag, and how SPF and DKIM must align', '<domain>', async (options, domain = '') => {
    const answer = await withVerifyContext(session, options, (context) => answerDmarc(context, domain));
    if (options.json) session.out.json(answer);
    else explain(session, answer);
    return answer.policy === undefined ? 1 : 0;
  });
  addReportReader(registry, dmarc, 'report');
}

function explain({ out }: Session, answer: DmarcAnswer): void {
  out.facts([
    ['Asked', answer.walk.map(({ name, finding }) => `${name} (${finding})`).join(', ')],
    ['Organisation', answer.organizationalDomain],
    ['Record of', answer.recordOf],
    ['Record', answer.record],
    ['Policy here', answer.policy && `${answer.policy} (${answer.policyTag}=)`],
  ]);
  if (answer.tags.length > 0) {
    out.line();
    out.table([{ title: 'Tag' }, { title: 'Value', max: 60 }, { title: 'Meaning' }], answer.tags.map(({ tag, value, meaning }) => [tag, value, meaning]), '');
    out.line();
  }
  for (const sentence of answer.alignment) out.line(sentence);
  for (const problem of answer.problems) out.note(problem);
}
