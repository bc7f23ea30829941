/**
 * Our verdicts beside those of Pigeonhole's `sieve-test` (Debian's dovecot-sieve) on the cases of test/vectors/sieve.
 * Where the two differ on purpose, the case is named here with the reason.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { missingTool } from '../harness/missing-tool.ts';
import { messageNames, readMessage, scriptCases, SIEVE_ENVELOPE, testCases, verdict, type SieveCase } from '../harness/sieve-cases.ts';

const execute = promisify(execFile);

/** Name of the case → why we do otherwise. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'plain.eml: header :contains "subject" "MONEY\tfast"': 'unfolding takes the line end away and leaves the tab (RFC 5322 §2.2.3); there it becomes a blank',
  'plain.eml: header :contains "received" "[192.0.2.99])\tby mx"': 'the same',
  'plain.eml: address :is "return-path" "sender@example.org"': 'Return-Path holds an address',
  'plain.eml: date :originalzone "date" "std11" "Tue, 3 Nov 2026 06:58:01 +0100"': 'the day has one digit or two (RFC 5322 §3.3)',
  'plain.eml: valid_notify_method "mailto:"': 'nobody would be notified',
  'plain.eml: header :comparator "i;unicode-casemap" "x-caffeine" "c8h10n4o2"': 'the comparator is not there',
  'encoded.eml: header :comparator "i;unicode-casemap" :contains "subject" "grÜ"': 'the comparator is not there',
  'encoded.eml: header :comparator "i;unicode-casemap" :is "subject" "GRÜSSE AUS KÖLN"': 'the comparator is not there',
  'encoded.eml: header :matches "from" "J?rgen M?ller*"': '`?` is one character (RFC 5228 §2.7.1); there it is one octet',
  'multipart.eml: body :text :contains "The bold text"': 'an element inside of a line does not part its words',
  ':copy and a plain one': 'a fileinto without :copy cancels the implicit keep, also when it files nothing more (RFC 3894 §3)',
  'RFC 5232 hasflag': 'every flag contains the empty string',
  'RFC 5229 §3.2 match variables': 'a `?` in front of a blank and `*` takes one character there, and the rest is lost',
  'folder of a variable that is empty': 'the error is told when the script runs, not when the mail is filed',
  'regex in a variable that is wrong': 'an error keeps the message and tells the owner; there the test is false',
  'a part of a date that is none': 'there it is a warning',
  'a zone that is none': 'there it is a warning',
  'nested too deep': 'their limit is another one',
};

const CONFIGURATION = (folder: string): string => `base_dir=${folder}
mail_location=maildir:${folder}/mail
mail_uid=65534
mail_gid=65534
first_valid_uid=1
log_path=/dev/stderr
plugin {
  sieve_extensions = +editheader +vacation-seconds +mboxmetadata +servermetadata +special-use +foreverypart +mime +extracttext +spamtest +spamtestplus +virustest
  sieve_max_redirects = 5
}
`;

describe('Pigeonhole agrees', { skip: missingTool('sieve-test') }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'posthorn-sieve-'));
    writeFileSync(join(folder, 'dovecot.conf'), CONFIGURATION(folder));
    for (const name of messageNames()) writeFileSync(join(folder, name), readMessage(name));
    chmodSync(folder, 0o777);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [part, cases] of [['tests', testCases()], ['scripts', scriptCases('scripts.txt')]] as const) {
    test(`on ${part}`, async () => {
      const differing = await askAll(cases, async (each, number) => {
        const theirs = await pigeonhole(folder, each, number);
        const ours = comparable(await verdict(each.script, readMessage(each.message)));
        return theirs === ours ? [] : [`${each.name}\n    ours:   ${ours}\n    theirs: ${theirs}`];
      });
      assert.deepEqual(differing, []);
    });
  }

  test('on scripts that are wrong', async () => {
    const differing = await askAll(scriptCases('errors.txt'), async (each, number) => {
      const theirs = await pigeonhole(folder, { ...each, message: 'plain.eml' }, number);
      return theirs.startsWith('wrong') ? [] : [`${each.name}: ${theirs}`];
    });
    assert.deepEqual(differing, []);
  });
});

/** A few at a time; what differs. */
async function askAll(cases: readonly SieveCase[], ask: (each: SieveCase, number: number) => Promise<string[]>): Promise<string[]> {
  const asked = cases.filter((each) => !each.oursOnly && !Object.hasOwn(OTHERWISE, each.name));
  const differing: string[] = [];
  for (let i = 0; i < asked.length; i += 4) differing.push(...(await Promise.all(asked.slice(i, i + 4).map((each, k) => ask(each, k)))).flat());
  return differing;
}

/** Its printed actions in our words, as far as it prints them. `number`: of those that run at a time. */
async function pigeonhole(folder: string, { script, message }: SieveCase, number: number): Promise<string> {
  const file = join(folder, `case-${number}.sieve`);
  writeFileSync(file, script, { mode: 0o644 });
  const { stdout, stderr } = await execute('sieve-test', ['-c', join(folder, 'dovecot.conf'), '-f', SIEVE_ENVELOPE.from, '-a', SIEVE_ENVELOPE.to, '-r', SIEVE_ENVELOPE.to, file, join(folder, message)])
    .catch((error: { stdout?: string; stderr?: string }) => ({ stdout: error.stdout ?? '', stderr: error.stderr ?? '' }));
  if (stderr.includes('failed to compile')) return `wrong ${stderr.split('\n')[0]}`;
  if (/final result: failed/.test(stderr)) return 'error';
  return / error: /.test(stderr) ? `wrong ${stderr.split('\n')[0]}` : comparable(readActions(stdout));
}

function readActions(output: string): string {
  const actions: string[] = [];
  let isImplicit = false;
  for (const line of output.split('\n')) {
    if (line.startsWith('Implicit keep:')) isImplicit = true;
    const action = /^ \* (.*)$/.exec(line)?.[1];
    const flags = /^ +\+ add IMAP flags: (.*)$/.exec(line)?.[1];
    if (action !== undefined && !action.startsWith('track duplicate')) actions.push(isImplicit ? 'implicit-keep' : inOurWords(action));
    else if (flags !== undefined) actions.push(`${actions.pop()} [${flags}]`);
  }
  return actions.join('; ');
}

function inOurWords(action: string): string {
  const folder = /^store message in folder: (.*)$/.exec(action)?.[1];
  if (folder !== undefined) return folder === 'INBOX' ? 'keep' : `fileinto ${folder}`;
  const address = /^redirect message to: <(.*)>$/.exec(action)?.[1];
  if (address !== undefined) return `redirect ${address}`;
  if (action.startsWith('send vacation')) return 'vacation';
  if (action.startsWith('send notification')) return 'notify';
  return action.startsWith('reject') ? 'reject' : action;
}

/** What `sieve-test` does not print is left out, and filing into INBOX is keeping. */
function comparable(line: string): string {
  if (line.startsWith('error')) return 'error';
  return line.replace(/ (?:create|copy)(?=;|$)/g, '').replace(/\[(.*?)\]/g, (_, flags: string) => `[${flags.split(' ').toSorted().join(' ')}]`).replace(/fileinto INBOX(?=;|$| \[)/g, 'keep').replace(/\b(e?reject) ".*"/s, 'reject').toLowerCase();
}
