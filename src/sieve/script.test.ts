/** The whole language, by the cases of test/vectors/sieve. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMessage, scriptCases, testCases, verdict } from '../../test/harness/sieve-cases.ts';
import { compile } from './script.ts';

describe('tests', () => {
  for (const { name, script, message, expected } of testCases()) {
    test(name, async () => assert.equal(await verdict(script, readMessage(message)), expected));
  }
});

describe('scripts', () => {
  for (const { name, script, message, expected } of scriptCases('scripts.txt')) {
    test(name, async () => assert.equal(await verdict(script, readMessage(message)), expected));
  }
});

describe('scripts that are wrong', () => {
  for (const { name, script, expected } of scriptCases('errors.txt')) {
    test(name, () => {
      const result = compile(script);
      assert.ok(!result.ok, 'it compiles');
      const [first] = result.problems;
      assert.equal(`${first?.line}:${first?.column}`, expected, first?.message);
    });
  }
});
