/** What a script wants done, in words: for `posthorn sieve test` and for the timeline of a message. */
import type { MessageEdition, SieveAction } from './action.ts';

/** One line. */
export function describeAction(action: SieveAction): string {
  switch (action.kind) {
    case 'keep':
      return `keep${action.implicit ? ' (nothing else was decided)' : ''}${flags(action.flags)}${changes(action.edition)}`;
    case 'fileinto':
      return `file into ${JSON.stringify(action.folder)}${action.create ? ', made if missing' : ''}${action.copy ? ', as a copy' : ''}${flags(action.flags)}${changes(action.edition)}`;
    case 'redirect':
      return `redirect to ${action.address}${action.copy ? ', as a copy' : ''}${changes(action.edition)}`;
    case 'discard':
      return 'discard';
    case 'reject':
      return `refuse (${action.form}): ${oneLine(action.text)}`;
    case 'vacation':
      return `vacation: answer once in ${period(action.periodSeconds)}: ${oneLine(action.subject ?? action.reason)}`;
    case 'notify':
      return `notify ${[...action.to, ...action.cc, ...action.bcc].join(', ')}${action.subject === undefined ? '' : `: ${oneLine(action.subject)}`}`;
    case 'remember':
      return `remember this message for ${period(action.seconds)} (duplicate)`;
  }
}

function flags(list: readonly string[]): string {
  return list.length === 0 ? '' : `, flagged ${list.join(' ')}`;
}

function changes(edition: MessageEdition | undefined): string {
  return edition === undefined || edition.changes.length === 0 ? '' : `, changed: ${edition.changes.map(oneLine).join('; ')}`;
}

const TEXT_CHARS_MAX = 200;

function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > TEXT_CHARS_MAX ? `${line.slice(0, TEXT_CHARS_MAX)}…` : line;
}

function period(seconds: number): string {
  const units = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const;
  const [name, size] = units.find(([, each]) => seconds >= each && seconds % each === 0) ?? (['second', 1] as const);
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
