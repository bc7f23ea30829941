/** What folders there are: mailbox and metadata (RFC 5490), mailboxid (RFC 9042), special-use (RFC 8579). */
import type { TestSpec } from '../signature.ts';
import { textsOf } from './call-texts.ts';
import { isSpecialUse } from './deliver.ts';

export const MAILBOXEXISTS: TestSpec = {
  kind: 'test',
  name: 'mailboxexists',
  requires: ['mailbox'],
  positional: [{ name: 'folders', kind: 'strings' }],
  async evaluate(call, machine) {
    for (const name of machine.strings(call.values[0])) if (!(await machine.ports.folderExists(name))) return false;
    return true;
  },
};

export const MAILBOXIDEXISTS: TestSpec = {
  kind: 'test',
  name: 'mailboxidexists',
  requires: ['mailboxid'],
  positional: [{ name: 'mailbox ids', kind: 'strings' }],
  async evaluate(call, machine) {
    for (const id of machine.strings(call.values[0])) if ((await machine.ports.folderById(id)) === undefined) return false;
    return true;
  },
};

/** RFC 8579 §3: anywhere, or of one folder. */
export const SPECIALUSE_EXISTS: TestSpec = {
  kind: 'test',
  name: 'specialuse_exists',
  requires: ['special-use'],
  positional: [{ name: 'the folder', kind: 'string', optional: true }, { name: 'special-use attributes', kind: 'strings' }],
  check(call, report) {
    for (const text of textsOf(call, 1)) if (!text.parts && !isSpecialUse(text.source)) report.warning(text, `“${text.source}” is no special-use attribute`);
  },
  async evaluate(call, machine) {
    const wanted = machine.strings(call.values[1]);
    if (call.values[0] !== undefined) {
      const name = machine.string(call.values[0]);
      const uses = (await machine.ports.specialUsesOf(name)).map((use) => use.toLowerCase());
      return (await machine.ports.folderExists(name)) && wanted.every((use) => uses.includes(use.toLowerCase()));
    }
    for (const use of wanted) if ((await machine.ports.folderForUse(use)) === undefined) return false;
    return true;
  },
};

/** RFC 5490 §3.3 and §4. `folder`: the first argument names one. */
function metadata(name: string, requires: string, folder: boolean): TestSpec {
  return {
    kind: 'test',
    name,
    requires: [requires],
    matches: true,
    positional: [...(folder ? [{ name: 'the folder', kind: 'string' as const }] : []), { name: 'the annotation', kind: 'string' }, { name: 'keys', kind: 'strings' }],
    async evaluate(call, machine) {
      const value = await machine.ports.annotation(folder ? machine.string(call.values[0]) : undefined, machine.string(call.values.at(-2)));
      return value !== undefined && machine.matches(call.match, [value], machine.strings(call.values.at(-1)));
    },
  };
}

function metadataExists(name: string, requires: string, folder: boolean): TestSpec {
  return {
    kind: 'test',
    name,
    requires: [requires],
    positional: [...(folder ? [{ name: 'the folder', kind: 'string' as const }] : []), { name: 'annotations', kind: 'strings' }],
    async evaluate(call, machine) {
      const named = folder ? machine.string(call.values[0]) : undefined;
      for (const entry of machine.strings(call.values.at(-1))) if ((await machine.ports.annotation(named, entry)) === undefined) return false;
      return true;
    },
  };
}

export const METADATA = metadata('metadata', 'mboxmetadata', true);
export const METADATAEXISTS = metadataExists('metadataexists', 'mboxmetadata', true);
export const SERVERMETADATA = metadata('servermetadata', 'servermetadata', false);
export const SERVERMETADATAEXISTS = metadataExists('servermetadataexists', 'servermetadata', false);
