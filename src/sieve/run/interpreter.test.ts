/** What needs the outside, what changes the message, and what is bounded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describe as inWords, TEST_ENVIRONMENT, readMessage, SIEVE_ENVELOPE } from '../../../test/harness/sieve-cases.ts';
import { seeded } from '../../../test/harness/seeded-input.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { compile, editedMessage, EMPTY_PORTS, openSieveMessage, run, type RunResult, type SieveEnvironment, type SievePorts } from '../script.ts';

interface Options {
  readonly message?: string | Buffer;
  readonly ports?: Partial<SievePorts>;
  readonly environment?: Partial<SieveEnvironment>;
}

const MESSAGE = 'From: a@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\nBody\r\n';

async function runScript(script: string, { message = MESSAGE, ports, environment }: Options = {}): Promise<RunResult> {
  const compiled = compile(script);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  const view = await openSieveMessage(new BufferSource(Buffer.from(message as string)), SIEVE_ENVELOPE);
  return run(compiled.program, view, { ...TEST_ENVIRONMENT, ...environment }, { ...EMPTY_PORTS, ...ports });
}

async function actionsOf(script: string, options: Options = {}): Promise<string> {
  const { actions, problems } = await runScript(script, options);
  return problems.length > 0 ? `error ${problems[0]?.script ?? ''}:${problems[0]?.line} ${problems[0]?.message}` : actions.map(inWords).join('; ');
}

/** The message as the last action passes it on. */
async function edited(script: string, message: string | Buffer = MESSAGE): Promise<string> {
  const { actions, problems } = await runScript(script, { message });
  assert.deepEqual(problems, []);
  const last = actions.at(-1);
  assert.ok(last && 'edition' in last);
  return (await editedMessage(new BufferSource(Buffer.from(message as string)), last.edition).read()).toString();
}

describe('folders', () => {
  test('by existence, id and use', async () => {
    const ports: Partial<SievePorts> = {
      folderExists: (name) => name === 'Here',
      folderById: (id) => Promise.resolve(id === 'F1' ? 'ById' : undefined),
      folderForUse: (use) => (use === '\\Junk' ? 'Spam' : undefined),
      specialUsesOf: (name) => (name === 'Here' ? ['\\Archive'] : []),
      annotation: (folder, entry) => (entry === '/private/x' ? (folder ?? 'server') : undefined),
    };
    assert.equal(await actionsOf('require ["mailbox","fileinto"]; if mailboxexists "Here" { fileinto "Here"; } if mailboxexists ["Here", "There"] { discard; }', { ports }), 'fileinto Here');
    assert.equal(await actionsOf('require ["mailboxid","fileinto"]; if mailboxidexists "F1" { fileinto :mailboxid "F1" "Old"; } fileinto :mailboxid "F2" "Other";', { ports }), 'fileinto ById; fileinto Other');
    assert.equal(await actionsOf('require ["special-use","fileinto"]; if allof (specialuse_exists "\\\\Junk", specialuse_exists "Here" "\\\\Archive", not specialuse_exists "Here" "\\\\Junk") { fileinto :specialuse "\\\\Junk" "x"; fileinto :specialuse "\\\\Sent" "y"; }', { ports }), 'fileinto Spam; fileinto y');
    assert.equal(await actionsOf('require ["mboxmetadata","servermetadata","fileinto"]; if allof (metadata "Here" "/private/x" "here", servermetadata "/private/x" "server", metadataexists "Here" "/private/x", not servermetadataexists ["/private/x", "/private/y"]) { fileinto "ok"; }', { ports }), 'fileinto ok');
  });

  test('INBOX in any case is the keep', async () => {
    assert.equal(await actionsOf('require "fileinto"; fileinto "inbox"; keep;'), 'fileinto INBOX');
  });
});

describe('included scripts', () => {
  const ports = (scripts: Readonly<Record<string, string>>): Options => ({ ports: { script: (location, name) => scripts[`${location}/${name}`] } });

  test('return, stop, once, optional', async () => {
    const scripts = ports({ 'personal/a': 'require ["include","fileinto"]; fileinto "a"; return; discard;', 'global/b': 'require "fileinto"; fileinto "b"; stop;' });
    assert.equal(await actionsOf('require ["include","fileinto"]; include "a"; include :once "a"; include :optional "none"; include :global "b"; discard;', scripts), 'fileinto a; fileinto b');
  });

  test('global variables', async () => {
    const scripts = ports({
      'personal/a': 'require ["include","variables"]; global ["x"]; set "x" "1"; set "y" "2"; set "global.z" "3";',
      'personal/b': 'require ["include","variables","fileinto"]; fileinto "${x}${y}${global.x}${global.z}";',
    });
    assert.equal(await actionsOf('require ["include"]; include "a"; include "b";', scripts), 'fileinto 13');
    assert.match(await actionsOf('require ["include","variables"]; set "v" "1"; global "v";'), /set before/);
  });

  test('what is missing, wrong, endless or too deep', async () => {
    assert.match(await actionsOf('require "include"; include "none";'), /there is no personal script “none”/);
    assert.match(await actionsOf('require "include"; include "a";', ports({ 'personal/a': 'keep;\nfrobnicate;' })), /“a” is wrong: line 2/);
    assert.match(await actionsOf('require "include"; include "a";', ports({ 'personal/a': 'require "include"; include "b";', 'personal/b': 'require "include";\ninclude "a";' })), /error personal\/b:2 .*includes itself/);
    const chain = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`personal/${i}`, `require "include"; include "${i + 1}";`]));
    assert.match(await actionsOf('require "include"; include "0";', ports(chain)), /deeper than/);
  });

  test('an error inside keeps the message', async () => {
    assert.match(await actionsOf('require "include"; discard; include "a";', ports({ 'personal/a': 'require "ihave";\n\nerror "x";' })), /^error personal\/a:3 the script says: x/);
  });
});

describe('duplicate', () => {
  test('is remembered by key, and the same message says the same twice', async () => {
    const asked: string[] = [];
    const script = 'require ["duplicate","fileinto"]; if duplicate { fileinto "again"; } if duplicate :uniqueid "<1@example.org>" { fileinto "by id"; } if duplicate :handle "h" :seconds 60 { fileinto "h"; }';
    const first = await runScript(script, { ports: { seen: (key) => (asked.push(key), false) } });
    const remembered = first.actions.filter((action) => action.kind === 'remember');
    assert.deepEqual(remembered.map(({ key, seconds }) => [key, seconds]), [[asked[0], 7 * 86_400], [asked[2], 60]]);
    assert.equal(asked[0], asked[1]);
    assert.equal(await actionsOf(script, { ports: { seen: (key) => key === asked[0] } }), 'fileinto again; fileinto by id; remember');
  });
});

describe('surroundings', () => {
  test('spam and virus scores', async () => {
    const script = 'require ["spamtestplus","virustest","relational","comparator-i;ascii-numeric","fileinto"]; if spamtest :value "ge" :comparator "i;ascii-numeric" "5" { fileinto "spam"; } if spamtest :percent :value "gt" :comparator "i;ascii-numeric" "90" { fileinto "sure"; } if spamtest :count "eq" :comparator "i;ascii-numeric" "0" { fileinto "untested"; } if virustest :value "ge" :comparator "i;ascii-numeric" "4" { fileinto "virus"; }';
    assert.equal(await actionsOf(script, { environment: { spam: { score: 10, percent: 95 }, virus: 5 } }), 'fileinto spam; fileinto sure; fileinto virus');
    assert.equal(await actionsOf(script), 'fileinto untested');
  });

  test('items and the date', async () => {
    assert.equal(await actionsOf('require ["environment","date","fileinto"]; if allof (environment "NAME" "posthorn", not environment :contains "constructor" "") { if currentdate :matches "std11" "Sat, 21 Nov 2026 13:00:00 +0100" { fileinto "now"; } }', { environment: { zoneMinutes: () => 60 } }), 'fileinto now');
  });
});

describe('answers', () => {
  test('vacation', async () => {
    const { actions } = await runScript('require ["vacation","vacation-seconds","variables"]; if header :matches "subject" "*" { vacation :seconds 5 :subject "Re: ${1}\r\nX: y" :from "Me <me@example.com>" :addresses ["b@example.com","nonsense"] "Away"; }');
    const [vacation] = actions;
    assert.ok(vacation?.kind === 'vacation');
    assert.deepEqual([vacation.periodSeconds, vacation.subject, vacation.from, vacation.addresses, vacation.reason], [86_400, 'Re: Hello X: y', 'Me <me@example.com>', ['b@example.com'], 'Away']);
    const other = await runScript('require "vacation"; vacation "Away";');
    assert.notEqual((other.actions[0] as typeof vacation).handle, vacation.handle);
  });

  test('notify', async () => {
    const { actions } = await runScript('require ["enotify","variables"]; set :encodeurl "s" "a&b c"; notify :importance "1" :message "News" "mailto:a@example.org,b%40example.org?cc=c@example.org&subject=${s}&body=x%0Dy&X-Tag=z&From=evil@example.org";');
    const [notify] = actions;
    assert.ok(notify?.kind === 'notify');
    assert.deepEqual([notify.to, notify.cc, notify.subject, notify.body, notify.headers, notify.importance], [['a@example.org', 'b@example.org'], ['c@example.org'], 'News', 'x\ry', [{ name: 'X-Tag', value: 'z' }], 1]);
  });
});

describe('changes', () => {
  test('fields', async () => {
    assert.equal(await edited('require "editheader"; addheader "X-A" "é"; addheader :last "X-B" "b\r\nInjected: no"; deleteheader "subject";'), 'X-A: =?utf-8?B?w6k=?=\r\nFrom: a@example.org\r\nMessage-ID: <1@example.org>\r\nX-B: b Injected: no\r\n\r\nBody\r\n');
  });

  test('an action has the message as it was then', async () => {
    const { actions } = await runScript('require ["editheader","fileinto","copy"]; fileinto :copy "before"; addheader "X-A" "1"; fileinto :copy "between"; addheader "X-A" "2";');
    assert.deepEqual(actions.map((action) => 'edition' in action && (action.edition?.changes.length ?? 0)), [0, 1, 2]);
  });

  test('an error gives the message as received', async () => {
    const { actions, problems } = await runScript('require ["editheader","ihave","fileinto"]; addheader "X-A" "1"; fileinto "x"; error "no";');
    assert.equal(problems.length, 1);
    assert.deepEqual(actions, [{ kind: 'keep', implicit: true, flags: [], edition: undefined, line: 1 }]);
  });

  test('replaced parts', async () => {
    const text = await edited('require ["foreverypart","mime","replace"]; foreverypart { if header :mime :param "filename" :matches "content-disposition" "*.exe" { replace "It was removed."; } }', readMessage('multipart.eml').toString());
    assert.match(text, /--outer\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nIt was removed\.\r\n--outer\r\n/);
    assert.ok(!text.includes('setup.exe') && text.includes('Inner message') && text.includes('This is the epilogue'));
  });

  test('the whole replaced, and enclosed', async () => {
    assert.equal(await edited('require "replace"; replace :subject "New" "Gone";'), 'From: a@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: New\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nGone');
    const enclosed = await edited('require "enclose"; enclose :subject "Careful" :headers ["X-Why: virus"] "Look out";');
    assert.match(enclosed, /^From: a@example\.org\r\nMessage-ID: <1@example\.org>\r\nSubject: Careful\r\nX-Why: virus\r\nMIME-Version: 1\.0\r\nContent-Type: multipart\/mixed; boundary="=_enclosed-1"\r\n\r\n--=_enclosed-1\r\n/);
    assert.ok(enclosed.includes(`Content-Type: message/rfc822\r\n\r\n${MESSAGE}\r\n--=_enclosed-1--\r\n`));
  });
});

describe('bounds', () => {
  test('steps, work and variables', async () => {
    const doubling = Array.from({ length: 40 }, () => 'set "a" "${a}${a}";').join('\n');
    const grown = await runScript(`require ["variables","fileinto"]; set "a" "x";\n${doubling}\nif string :contains "\${a}" "x" { fileinto "ok"; }`);
    assert.deepEqual(grown.problems, []);
    const loops = 'foreverypart { foreverypart { foreverypart { if header :mime :anychild :matches "content-type" "*" {} } } }\n';
    const deep = Array.from({ length: 90 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('');
    const costly = await runScript(`require ["foreverypart","mime"];\n${loops.repeat(50)}`, { message: `From: a@b.example\r\n${deep}` });
    assert.match(costly.problems[0]?.message ?? 'none', /steps|computing time/);
    assert.deepEqual(costly.actions.map(inWords), ['implicit-keep']);
  });

  test('a script that computes long lets others work in between', async () => {
    const text = `Subject: x\r\n${'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(1000)}Content-Type: text/plain\r\n\r\n${'aaaaaaaaab lorem ipsum\r\n'.repeat(20_000)}`;
    const scripts = [
      'require ["body", "regex"]; if body :text :regex "(a|aa)*x([a-z]+ )*Q" { discard; }',
      `require "body"; if body :text :matches "*${'a?'.repeat(2000)}Q*" { discard; }`,
      `require "body"; if body :text :contains [${'"Q", '.repeat(500)} "Q"] { discard; }`,
      'if header :contains "x-a" "Q" { discard; }'.repeat(500),
      'if address :localpart "x-a" "Q" { discard; }'.repeat(500),
      'require "editheader"; deleteheader :contains "x-a" "Q";'.concat('deleteheader :contains "x-a" "Q";'.repeat(500)),
    ];
    for (const script of scripts) {
      let pauses = 0;
      const { work } = await runScript(script, { message: text, ports: { pause: () => void (pauses += 1) } });
      assert.ok(work > 10 * SIEVE_LIMITS.workBetweenPauses, `${script.slice(0, 60)}: ${work}`);
      assert.ok(pauses > 0.5 * Math.floor(work / SIEVE_LIMITS.workBetweenPauses), `${script.slice(0, 60)}: ${pauses} pauses in ${work}`);
    }
  });

  test('a port that fails fails the run', async () => {
    await assert.rejects(runScript('require "mailbox"; if mailboxexists "x" { keep; }', { ports: { folderExists: () => Promise.reject(new Error('store')) } }), /store/);
  });

  test('a program can be copied', async () => {
    const compiled = compile('require ["variables","fileinto"]; set "a" "b"; if header :matches "subject" "*" { fileinto "${a}${1}"; }');
    assert.ok(compiled.ok);
    const result = await run(structuredClone(compiled.program), await openSieveMessage(new BufferSource(Buffer.from(MESSAGE)), SIEVE_ENVELOPE), TEST_ENVIRONMENT);
    assert.deepEqual(result.actions.map(inWords), ['fileinto bHello']);
  });

  test('any script compiles or not, and runs or not, without more', async () => {
    const fuzz = seeded('the Sieve compiler');
    const words = ['if ', 'elsif ', 'else ', 'true ', 'not ', 'anyof(', 'allof(', ')', '{ ', '} ', '; ', ', ', 'header ', 'address ', 'exists ', 'size ', ':over ', ':matches ', ':regex ', ':count "ge" ', ':index 1 ', ':last ', ':mime ', '"subject" ', '"*a?" ', '["from", "to"] ', '"${1}${x}" ', '"(a*)*" ', '10 ', 'fileinto ', 'keep; ', 'discard; ', 'set "x" "y"; ', 'foreverypart { ', 'break; ', 'addheader "X" "${1}"; ', 'deleteheader "X"; ', 'redirect "a@example.org"; ', 'vacation "x"; ', 'reject "x"; ', 'stop; ', 'body :text ', 'currentdate "hour" ', 'ihave "foo" ', 'hasflag "a" '];
    const require = 'require ["fileinto","regex","variables","relational","index","mime","foreverypart","editheader","vacation","reject","body","date","ihave","imap4flags"];\n';
    const message = readMessage('multipart.eml');
    for (let i = 0; i < 1_500; i += 1) {
      const source = require + fuzz.pieces(words, 12) + fuzz.pick(['', ';', '{ keep; }', '"a" "b" { keep; }']);
      const compiled = compile(source);
      if (!compiled.ok) continue;
      const result = await run(compiled.program, await openSieveMessage(new BufferSource(message), SIEVE_ENVELOPE), TEST_ENVIRONMENT);
      assert.ok(result.actions.length > 0 || result.problems.length === 0, `${fuzz.note}: ${source}`);
    }
  });
});
