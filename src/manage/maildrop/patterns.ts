/**
 * A pattern of maildrop as a Sieve test. Header patterns look at whole lines (`/^Subject: *x/`): the field's name becomes
 * that of the test, and what is left is looked for in its value, as plain text where it is that.
 */

export type PatternTest =
  | { readonly kind: 'test'; readonly test: string; readonly extensions: readonly string[]; /** What is not the same. */ readonly note?: string; /** Groups that stood in the field's name; undefined: it notes none. */ readonly groupShift?: number }
  | { readonly kind: 'impossible'; readonly why: string };

/** Where a pattern without a field looks. */
const USUAL_FIELDS = ['from', 'to', 'cc', 'reply-to', 'sender', 'subject', 'list-id', 'return-path'];

/** `subject`: a Sieve string to look into instead of the message. Options: h header (default), b body, w both, D case counts. */
export function patternTest(pattern: string, flags: string, subject: string | undefined): PatternTest {
  const joined = withoutSeparators(pattern);
  const made = testOf(joined, flags, subject);
  if (made.kind !== 'test' || joined === pattern) return made;
  // The first piece is $MATCH itself.
  return { ...made, groupShift: (made.groupShift ?? 0) + 1, note: made.note ?? '“!” in a pattern is taken for the separator that it is in maildrop 1; write \\! in the filter file where it is meant' };
}

/** Before maildrop 2, `!` parts a pattern in pieces that $MATCH2 and so on take. */
function withoutSeparators(pattern: string): string {
  return pattern.replace(/(?<!\\|\(\?<?)!(.*)$/s, (_, rest: string) => (rest === '' ? '' : `(${withoutSeparators(rest)})`));
}

function testOf(pattern: string, flags: string, subject: string | undefined): PatternTest {
  const comparator = flags.includes('D') ? ' :comparator "i;octet"' : '';
  if (subject !== undefined) return look('string', comparator, subject, pattern, []);
  const inBody = flags.includes('b') || flags.includes('w');
  const inHeader = !inBody || flags.includes('h') || flags.includes('w');
  const tests = [...(inHeader ? [headerTest(pattern, comparator)] : []), ...(inBody ? [look('body', `${comparator} :text`, '', pattern, ['body'])] : [])];
  const bad = tests.find((test) => test.kind === 'impossible');
  if (bad) return bad;
  const good = tests.filter((test) => test.kind === 'test');
  const groupShift = good.find((test) => test.groupShift !== undefined)?.groupShift;
  const [first] = good;
  if (!first) return { kind: 'impossible', why: 'this pattern cannot be read' };
  const note = good.find((test) => test.note !== undefined)?.note;
  return {
    kind: 'test',
    test: good.length === 1 ? first.test : `anyof (${good.map(({ test }) => test).join(', ')})`,
    extensions: good.flatMap(({ extensions }) => extensions),
    ...(note === undefined ? {} : { note }),
    ...(groupShift === undefined ? {} : { groupShift }),
  };
}

function headerTest(pattern: string, comparator: string): PatternTest {
  const found = /^\^(?:\(([A-Za-z0-9|-]+)\)|([A-Za-z0-9-]+)):(.*)$/s.exec(pattern);
  if (!found) {
    const made = look('header', comparator, list(USUAL_FIELDS), pattern.replace(/^\^/, ''), []);
    return made.kind === 'test' ? { ...made, note: `a pattern without a field looks at the whole header; here it looks at ${USUAL_FIELDS.join(', ')}` } : made;
  }
  const fields = (found[1] ?? found[2] ?? '').split('|').filter((field) => field !== '');
  // The value has no blanks at its ends (RFC 5228 §5.7).
  const rest = (found[3] ?? '').replace(/^(?:\s|\\s|\[ \\?t?\]|\[\[:space:\]\])[*+?]?/, '');
  if (rest === '' || rest === '.*') return { kind: 'test', test: `exists ${list(fields)}`, extensions: [] };
  const made = look('header', comparator, list(fields), rest.startsWith('.*') ? rest : `^${rest}`, []);
  return made.kind === 'test' && made.groupShift !== undefined && found[1] !== undefined ? { ...made, groupShift: 1 } : made;
}

function look(test: string, tags: string, target: string, pattern: string, extensions: readonly string[]): PatternTest {
  const inner = pattern.replace(/^\.\*/, '').replace(/\.\*$/, '');
  const isAnchored = inner.startsWith('^') || inner.endsWith('$');
  const plain = isAnchored ? undefined : plainText(inner);
  const subject = target === '' ? '' : `${target} `;
  if (plain !== undefined) return { kind: 'test', test: `${test} :contains${tags} ${subject}${quote(plain)}`, extensions };
  const regex = sieveRegex(inner);
  if (regex === undefined) return { kind: 'impossible', why: `the pattern /${pattern.slice(0, 100)}/ has look-around, back references or options inside, which Sieve’s regex has not` };
  return { kind: 'test', test: `${test} :regex${tags} ${subject}${quote(regex)}`, extensions: [...extensions, 'regex'], ...(test !== 'body' && { groupShift: 0 }) };
}

/** The text that the pattern stands for, when it stands for one. */
function plainText(pattern: string): string | undefined {
  if (/(?<!\\)[.*+?()[\]{}|^$]/.test(pattern) || /\\[A-Za-z0-9]/.test(pattern)) return undefined;
  return pattern.replace(/\\(.)/gs, '$1');
}

const CLASSES: Readonly<Record<string, string>> = { d: '[0-9]', s: '[ \t]', w: '[A-Za-z0-9_]', D: '[^0-9]', S: '[^ \t]', W: '[^A-Za-z0-9_]', t: '\t' };

/** From Perl's to POSIX's. */
function sieveRegex(pattern: string): string | undefined {
  if (/\(\?[^:]|\\[1-9bBAzZG]/.test(pattern)) return undefined;
  return pattern
    .replace(/\(\?:/g, '(')
    .replace(/([*+?}])[?+]/g, '$1')
    .replace(/\\([A-Za-z])/g, (_, letter: string) => CLASSES[letter] ?? letter);
}

function list(fields: readonly string[]): string {
  return fields.length === 1 ? quote(fields[0] as string) : `[${fields.map(quote).join(', ')}]`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
