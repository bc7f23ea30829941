import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../sieve/script.ts';
import { convertMaildrop } from './convert.ts';

/** The script without its first require; it must be a right one. */
function converted(source: string): { script: string; problems: readonly string[] } {
  const { script, problems } = convertMaildrop(source);
  const checked = compile(Buffer.from(script));
  assert.deepEqual(checked.ok ? [] : checked.problems, [], script);
  return { script: script.replace(/^require [^\n]*\n\n/, '').trim(), problems: problems.map(({ line, message }) => `${line}: ${message}`) };
}

test('the usual statements', () => {
  const { script, problems } = converted(`
# sort the lists
MAILDIR="$HOME/Maildir"
logfile "$HOME/maildrop.log"
if (/^Subject:.*\\[announce\\]/ && /^From: *boss@example\\.org/)
{
    cc "!assistant@example.org"
    to "$MAILDIR/.Lists.Announce/"
}
elsif (/^(To|Cc):.*friends@/:h || !hasaddr("me@example.org"))
    to Maildir/.Friends
else
{
    if ( $SIZE > 1000000 )
       to "/dev/null"
}
to "$DEFAULT"
`);
  assert.deepEqual(problems, []);
  assert.equal(script, `# line 4: logfile is left out; posthorn trace tells what happened to a message
if allof (header :contains "Subject" "[announce]", header :regex "From" "^boss@example\\\\.org") {
    redirect :copy "assistant@example.org";
    fileinto "Lists/Announce";
    stop;
}
elsif anyof (header :contains ["To", "Cc"] "friends@", not address :is ["to", "cc", "resent-to", "resent-cc"] "me@example.org") {
    fileinto "Friends";
    stop;
}
else {
    if size :over 1000000 {
        discard;
        stop;
    }
}
keep;
stop;`);
});

test('bodies, case, variables, exceptions, includes', () => {
  const { script, problems } = converted(`LIST="news"
exception {
  if (/unsubscribe/:b || /Viagra/:wD)
    to "Mail/Junk"
}
if ($LIST eq "news" && $LIST =~ /ne.s/)
  to "Maildir/.$LIST"
include "$HOME/.more"
`);
  assert.match(script, /anyof \(body :contains :text "unsubscribe", anyof \(header :contains :comparator "i;octet"/);
  assert.match(script, /allof \(string :is "\$\{LIST\}" "news", string :regex "\$\{LIST\}" "ne\.s"\)/);
  assert.match(script, /fileinto "\$\{LIST\}";/);
  assert.match(script, /include :personal :optional "more";/);
  assert.equal(problems.length, 2);
});

test('what cannot be is named with its line, and left out', () => {
  const { script, problems } = converted(`to "| /usr/bin/procmail"
xfilter "spamc"
X=\`date\`
foreach /^Received:.*/
{
  to "never"
}
if (/spam/:h,1,1 >= 5)
  to Junk
if (lookup($FROM, "file"))
  to Junk
frobnicate now
if (/(?=look)/)
  to Junk
`);
  assert.deepEqual(problems.map((problem) => Number.parseInt(problem, 10)), [1, 2, 3, 4, 8, 10, 12, 13]);
  assert.doesNotMatch(script, /fileinto "never"/);
  assert.match(script, /if false \{\n {4}fileinto "Junk";/);
});

test('no input makes it fail', () => {
  for (const source of ['', 'if', 'if (', 'to', '"', '/', '{{{{', '}}}}', 'if (((((((', '`', 'if (!!!!/x/', 'cc cc cc', 'if (/x/) { to "a"', '\\\n', 'X=', 'if (/[/) to a', 'else { to "x" }', `${'if (/x/) {\n'.repeat(200)}`]) convertMaildrop(source);
});

test('variables are those of the file, of the envelope, and of the last pattern; the others are named', () => {
  const { script, problems } = converted(`
if (/^(To|Cc):.*me\\+([a-z]+)@example\\.org/)
  to "Maildir/.plus.$MATCH2/"
if (/^List-Id:.*<(.*)\\.lists\\.example\\.org>/)
{
  LIST=tolower($MATCH1)
  to "Maildir/.lists.$LIST/"
}
if ("$EXTENSION" ne "" && $FROM =~ /@example\\.org$/)
  cc "Maildir/.own/"
to "Maildir/.of.$STRANGE/"
`);
  assert.equal(script, `if envelope :matches "from" "*" { set "FROM" "\${1}"; }
if envelope :detail :matches "to" "*" { set "EXTENSION" "\${1}"; }
if header :regex ["To", "Cc"] "me\\\\+([a-z]+)@example\\\\.org" {
    fileinto "plus/\${1}";
    stop;
}
if header :regex "List-Id" "<(.*)\\\\.lists\\\\.example\\\\.org>" {
    set :lower "LIST" "\${1}";
    fileinto "lists/\${LIST}";
    stop;
}
if allof (not string :is "\${EXTENSION}" "", string :regex "\${FROM}" "@example\\\\.org$") {
    fileinto :copy "own";
}
# line 11: to Maildir/.of.$STRANGE/: $STRANGE is not known here`);
  assert.deepEqual(problems, ['11: to Maildir/.of.$STRANGE/: $STRANGE is not known here']);
});

test('duplicates, flags, separators, scores', () => {
  const { script, problems } = converted(`
\`reformail -D 8000 duplicate.cache\`
if ($RETURNCODE == 0)
  exit
\`test -f away\`
if ($RETURNCODE == 0)
  to "Maildir/.Away"
FLAGS="SF"
if (/^Subject: !order #.*/)
  to "Maildir/.orders/"
if (/^From:.*someone@.*/,-5,2)
  to "Maildir/.scored"
`);
  assert.equal(script, `# line 2: “duplicate” knows the messages of the last days by itself
if duplicate {
    discard;
    stop;
}
# line 5: a program cannot be run: \`test -f away\`
# line 6: $RETURNCODE is not known here; the test is false
if false {
    fileinto "Away";
    stop;
}
setflag ["\\\\Seen", "\\\\Flagged"];
# line 9: “!” in a pattern is taken for the separator that it is in maildrop 1; write \\! in the filter file where it is meant
if header :regex "Subject" "^(order #.*)" {
    fileinto "orders";
    stop;
}
# line 11: scoring by the number of matches has no counterpart in Sieve; the test is false
if false {
    fileinto "scored";
    stop;
}`);
  assert.deepEqual(problems.map((problem) => problem.split(':')[0]), ['5', '6', '9', '11']);
});
