/** Commands about scripts: HAVESPACE, PUTSCRIPT, CHECKSCRIPT, LISTSCRIPTS, SETACTIVE, GETSCRIPT, DELETESCRIPT, RENAMESCRIPT. RFC 5804 §2. */
import { SIEVE_LIMITS } from '../../../base/sieve-limits.ts';
import { compile, type SieveProblem } from '../../../sieve/script.ts';
import { isScriptName } from '../../../store/clients/scripts.ts';
import { formatString, type ManageSieveArgument } from '../../../wire/managesieve/command.ts';
import { textOf, type ManageSieveCommand, type ManageSieveSession } from '../managesieve-command.ts';

export const haveSpace: ManageSieveCommand = {
  name: 'HAVESPACE',
  when: 'logged in',
  signature: 'sn',
  run: async (session, values) => {
    const name = nameOf(session, values);
    const size = values[1]?.kind === 'number' ? values[1].value : 0;
    if (name === undefined) return;
    if (size > SIEVE_LIMITS.scriptBytesMax) return session.no(`a script may have ${SIEVE_LIMITS.scriptBytesMax} bytes at most`, 'QUOTA/MAXSIZE');
    const scripts = await session.ports.scripts.list(session.account);
    const others = scripts.filter((script) => script.name !== name);
    const sum = others.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, size);
    if (others.length >= SIEVE_LIMITS.scriptsMax || sum > SIEVE_LIMITS.accountBytesMax) return session.no('there are too many scripts already', 'QUOTA/MAXSCRIPTS');
    session.ok('there is room');
  },
};

export const putScript: ManageSieveCommand = {
  name: 'PUTSCRIPT',
  when: 'logged in',
  signature: 'ss',
  run: async (session, values) => {
    const name = nameOf(session, values);
    if (name === undefined) return;
    const content = contentOf(values, 1);
    const checked = check(session, content);
    if (!checked) return;
    const { scripts, clock } = session.ports;
    await scripts.put(session.account, name, content, { at: clock.now() });
    told(session, checked.warnings);
  },
};

export const checkScript: ManageSieveCommand = {
  name: 'CHECKSCRIPT',
  when: 'logged in',
  signature: 's',
  run: (session, values) => {
    const checked = check(session, contentOf(values, 0));
    if (checked) told(session, checked.warnings);
  },
};

export const listScripts: ManageSieveCommand = {
  name: 'LISTSCRIPTS',
  when: 'logged in',
  signature: '',
  run: async (session) => {
    for (const { name, active } of await session.ports.scripts.list(session.account)) session.write(`${formatString(name)}${active ? ' ACTIVE' : ''}\r\n`);
    session.ok('that is all');
  },
};

export const setActive: ManageSieveCommand = {
  name: 'SETACTIVE',
  when: 'logged in',
  signature: 's',
  run: async (session, values) => {
    // RFC 5804 §2.8: the empty name means none.
    const name = textOf(values, 0);
    if (name === undefined) return session.no('the name is not UTF-8');
    await session.ports.scripts.activate(session.account, name === '' ? undefined : name);
    session.ok(name === '' ? 'no script is active' : 'the script is active');
  },
};

export const getScript: ManageSieveCommand = {
  name: 'GETSCRIPT',
  when: 'logged in',
  signature: 's',
  run: async (session, values) => {
    const content = await session.ports.scripts.get(session.account, textOf(values, 0) ?? '');
    if (!content) return session.no('there is no such script', 'NONEXISTENT');
    session.write(`{${content.length}}\r\n`);
    session.connection.write(content);
    session.write('\r\n');
    session.ok('that is the script');
  },
};

export const deleteScript: ManageSieveCommand = {
  name: 'DELETESCRIPT',
  when: 'logged in',
  signature: 's',
  run: async (session, values) => {
    await session.ports.scripts.remove(session.account, textOf(values, 0) ?? '');
    session.ok('the script is gone');
  },
};

export const renameScript: ManageSieveCommand = {
  name: 'RENAMESCRIPT',
  when: 'logged in',
  signature: 'ss',
  run: async (session, values) => {
    const newName = nameOf(session, values.slice(1));
    if (newName === undefined) return;
    await session.ports.scripts.rename(session.account, textOf(values, 0) ?? '', newName);
    session.ok('the script has its new name');
  },
};

/** Undefined: it was answered. */
function nameOf(session: ManageSieveSession, values: readonly ManageSieveArgument[]): string | undefined {
  const name = textOf(values, 0);
  if (name !== undefined && isScriptName(name)) return name;
  session.no(`a name has 1 to ${SIEVE_LIMITS.scriptNameCharsMax} characters, none of them a control character`);
  return undefined;
}

function contentOf(values: readonly ManageSieveArgument[], at: number): Buffer {
  const value = values[at];
  return value?.kind === 'string' ? value.bytes : Buffer.alloc(0);
}

/** RFC 5804 §2.6: a script that is wrong is not stored. Undefined: it was answered. */
function check(session: ManageSieveSession, content: Buffer): { readonly warnings: readonly SieveProblem[] } | undefined {
  const result = compile(content);
  if (result.ok) return result;
  session.no(textOfProblems(result.problems));
  return undefined;
}

function told(session: ManageSieveSession, warnings: readonly SieveProblem[]): void {
  if (warnings.length > 0) session.ok(textOfProblems(warnings), 'WARNINGS');
  else session.ok('done');
}

function textOfProblems(problems: readonly SieveProblem[]): string {
  return problems.map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`).join('\r\n');
}
