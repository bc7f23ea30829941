/** `posthorn verify`: is everything that is stored there and true? */
import { verifyAndRepair, type StoreProblem } from '../../../manage/transfer/verify-store.ts';
import { leaf, type Registry } from '../command.ts';
import { Progress } from '../progress.ts';
import type { CommonOptions, Session } from '../session.ts';

interface VerifyOptions extends CommonOptions {
  readonly repair?: boolean;
}

export function add(registry: Registry): void {
  leaf<VerifyOptions>(registry, registry.program, 'verify', 'prove that every stored message can be read and every index is true, while the server runs', '', (options) => verify(registry.session, options)).option(
    '--repair',
    'put right what can be put right, and look again',
  );
}

async function verify(session: Session, options: VerifyOptions): Promise<number> {
  const { out, io } = session;
  const progress = new Progress(io, options.json ?? false);
  const verbs = session.verbs(options);
  try {
    const result = await verifyAndRepair((name, args) => verbs.call(name, args), session.config(options).dataDir, {
      repair: options.repair ?? false,
      onProgress: (text) => progress.show(text),
    });
    progress.clear();
    const left = result.remaining ?? result.problems;
    if (options.json) out.json(result);
    else {
      out.facts([
        ['Messages', `${result.mails} read`],
        ['Bodies', `${result.bodies}, ${(result.bytes / 1e6).toFixed(1)} MB`],
        ['Problems', result.problems.length === 0 ? 'none: every message can be read, every reference and counter is true' : result.problems.length],
        ['Put right', result.repaired?.map(({ what, rows }) => `${what} (${rows})`).join(', ')],
        ['Left', result.remaining && result.remaining.length],
      ]);
      for (const problem of left) out.note(told(problem));
      if (left.some(({ kind }) => kind === 'database')) out.note('Nothing was put right. Make the data directory again from a backup: posthorn restore FOLDER --to DATA-DIR');
      else if (left.some(({ kind }) => kind === 'body')) out.note('Bytes that are lost come back only from a backup: posthorn restore FOLDER --account ADDRESS');
      else if (left.length > 0 && !options.repair) out.note('To put it right: posthorn verify --repair');
    }
    return left.length === 0 ? 0 : 1;
  } finally {
    progress.clear();
    await verbs.close();
  }
}

function told({ text, messages }: StoreProblem): string {
  return messages && messages.length > 0 ? `${text}; in ${messages.slice(0, 5).join(', ')}${messages.length > 5 ? ` and ${messages.length - 5} more` : ''}` : text;
}
