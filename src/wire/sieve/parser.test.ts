import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seeded } from '../../../test/harness/seeded-input.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { parseScript } from './parser.ts';
import { printScript, quoteString, type PrintCommand } from './printer.ts';
import type { CommandNode, TestNode } from './syntax.ts';

describe('parsing', () => {
  test('a command with everything', () => {
    const { commands, problems } = parseScript('if anyof (not header :is ["a", "b"] "c", size :over 2K) { keep; }');
    assert.deepEqual(problems, []);
    const [command] = commands;
    assert.equal(command?.name, 'if');
    assert.equal(command.tests[0]?.testList, true);
    assert.deepEqual(command.tests[0].tests[1]?.arguments, [{ line: 1, column: 47, kind: 'tag', name: 'over' }, { line: 1, column: 53, kind: 'number', value: 2048 }]);
    assert.equal(command.block?.[0]?.name, 'keep');
  });

  test('strings', () => {
    const values = (source: string): string[] => stringsOf(parseScript(source).commands);
    assert.deepEqual(values('a "b\\"c\\\\d\\e";'), ['b"c\\de']);
    assert.deepEqual(values('a "two\nlines";'), ['two\r\nlines']);
    assert.deepEqual(values('a "two\r\nlines";'), ['two\r\nlines']);
    assert.deepEqual(values('a text:\r\n..x\r\n.y\r\n\r\n.\r\n;'), ['.x\r\n.y\r\n\r\n']);
    assert.deepEqual(values('a TEXT: \t# comment\nx\n.\n;'), ['x\r\n']);
    assert.deepEqual(values('a ["b" , /* c */ "d"];'), ['b', 'd']);
  });

  test('several mistakes at once', () => {
    const { problems, commands } = parseScript('stop;\n\n\nif [ { keep; }\nfoo "a;');
    assert.deepEqual(problems.map(({ line, column }) => `${line}:${column}`), ['4:6', '5:5', '5:8']);
    assert.deepEqual(commands.map(({ name }) => name), ['stop']);
  });

  test('bytes that are no UTF-8', () => {
    const { problems } = parseScript(Buffer.from('keep;\n# \xff\n', 'latin1'));
    assert.deepEqual(problems.map(({ line, message }) => [line, message]), [[2, 'the script is not valid UTF-8']]);
  });

  test('a byte order mark and a last line without end', () => {
    assert.deepEqual(parseScript(Buffer.from('\ufeffkeep; # end')).problems, []);
  });

  test('a script that is too large', () => {
    assert.match(parseScript('#'.repeat(SIEVE_LIMITS.scriptBytesMax + 1)).problems[0]?.message ?? '', /larger than/);
  });

  test('deep nesting ends', () => {
    for (const piece of ['if true {', 'if not ', 'if anyof(', 'a [']) {
      const { problems } = parseScript(piece.repeat(20_000));
      assert.ok(problems.length > 0 && problems.length <= SIEVE_LIMITS.problemsMax, piece);
    }
  });

  test('any bytes', () => {
    const fuzz = seeded('the Sieve parser');
    const pieces = ['if ', 'elsif ', 'true', 'not ', 'anyof', '(', ')', '{', '}', '[', ']', ',', ';', '"', '\\', 'text:', '\n', '.\n', '/*', '*/', '#', ':is ', '10K', '"a" ', 'é', '\0', ' '];
    for (let i = 0; i < 3_000; i += 1) {
      const source = i % 2 === 0 ? fuzz.bytes('if{}()[];,:"\\/*# \nabc1K.', 200) : fuzz.pieces(pieces, 60);
      const { problems } = parseScript(source);
      assert.ok(problems.length <= SIEVE_LIMITS.problemsMax, fuzz.note);
      assert.ok(problems.every(({ line, column }) => line >= 1 && column >= 1), fuzz.note);
    }
  });
});

describe('printing', () => {
  test('what is printed is read back', () => {
    const fuzz = seeded('the Sieve printer');
    for (let i = 0; i < 500; i += 1) {
      const value = fuzz.pieces(['a', '"', '\\', '\n', '.', '\n.', '..', ' ', ';', '}', '${x}', 'é', '\r\n'], 12);
      const script: PrintCommand[] = [
        { name: 'require', arguments: [['fileinto', 'x']] },
        { name: 'if', comment: `why\n${value}`, tests: [{ name: 'anyof', testList: true, tests: [{ name: 'header', arguments: [{ tag: 'is' }, ['a', value], value] }, { name: 'size', arguments: [{ tag: 'over' }, 5] }] }], block: [{ name: 'fileinto', arguments: [value] }] },
      ];
      const { commands, problems } = parseScript(printScript(script));
      assert.deepEqual(problems, [], `${fuzz.note}: ${printScript(script)}`);
      const strings = stringsOf(commands);
      const read = value.replace(/\r\n|\r|\n/g, '\r\n');
      const asText = /[\r\n]/.test(value) ? `${read.replace(/\r\n$/, '')}\r\n` : read;
      assert.deepEqual(strings, ['fileinto', 'x', 'a', read, asText, asText], fuzz.note);
    }
  });

  test('a quoted string cannot be left', () => {
    assert.equal(quoteString('a"; discard; "\\'), '"a\\"; discard; \\"\\\\"');
  });
});

function stringsOf(nodes: readonly (CommandNode | TestNode)[]): string[] {
  return nodes.flatMap((node) => [
    ...node.arguments.flatMap((argument) => (argument.kind === 'strings' ? argument.values.map(({ value }) => value) : [])),
    ...stringsOf(node.tests),
    ...('block' in node && node.block ? stringsOf(node.block) : []),
  ]);
}
