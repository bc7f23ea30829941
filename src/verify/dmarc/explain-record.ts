/** A DMARC record tag by tag, in words; and what of it a receiver would heed. */
export interface ExplainedTag {
  readonly tag: string;
  readonly value: string;
  readonly meaning: string;
  /** What is wrong with it, and what to do. */
  readonly problem?: string;
}

const POLICIES: Readonly<Record<string, string>> = {
  none: 'nothing is done about mail that fails',
  quarantine: 'mail that fails goes to the spam folder',
  reject: 'mail that fails is refused',
};
const GONE: Readonly<Record<string, string>> = {
  pct: 'a share of the mail that the policy was for; taken out of DMARC, receivers ignore it',
  rf: 'the format of failure reports; taken out of DMARC, receivers ignore it',
  ri: 'the interval of reports; taken out of DMARC, receivers ignore it',
};
const FAILURE_OPTIONS: Readonly<Record<string, string>> = {
  '0': 'when neither SPF nor DKIM passes and aligns', '1': 'when one of them does not', d: 'when a DKIM signature fails', s: 'when SPF fails',
};

/** `text` is a record for which isDmarcRecord holds. Tags in their order, also those that are written wrong. */
export function explainDmarcRecord(text: string): readonly ExplainedTag[] {
  const seen = new Set<string>();
  return text.split(';').filter((piece) => piece.trim() !== '').map((piece) => {
    const equals = piece.indexOf('=');
    const tag = piece.slice(0, equals < 0 ? undefined : equals).trim();
    const value = equals < 0 ? '' : piece.slice(equals + 1).trim();
    const name = tag.toLowerCase();
    const twice = seen.has(name);
    seen.add(name);
    if (/[^\t -~]/.test(piece)) return { tag, value, meaning: 'this cannot be read', problem: 'There are characters in the record that do not belong there (not ASCII, or invisible): type it anew.' };
    if (equals < 0) return { tag, value, meaning: 'this cannot be read', problem: `"${tag}" has no "=" and no value: write it as tag=value, with a semicolon behind, or take it out.` };
    if (twice) return { tag, value, meaning: 'a tag that stands there already', problem: `${tag}= stands in the record twice, and receivers differ in which they heed: keep one.` };
    return { tag, value, ...meaningOf(name, value) };
  });
}

type Meaning = Pick<ExplainedTag, 'meaning' | 'problem'>;

function meaningOf(tag: string, value: string): Meaning {
  switch (tag) {
    case 'v':
      return { meaning: 'a record for DMARC' };
    case 'p':
      return policy('the domain', value);
    case 'sp':
      return policy('names below the domain', value);
    case 'np':
      return policy('names below the domain that do not exist', value);
    case 'rua':
      return reports('daily summaries', value);
    case 'ruf':
      return reports('single failures (few receivers do that)', value);
    case 'adkim':
      return alignment('the domain of a DKIM signature', value);
    case 'aspf':
      return alignment('the domain of the return path', value);
    case 't':
      return choice(value, { y: 'the policy is only tried: receivers do one step less', n: 'the policy is in earnest' });
    case 'psd':
      return choice(value, { y: 'this is a public suffix', n: 'this is the domain of an organisation, whatever lies above', u: 'found out by walking up' });
    case 'fo':
      return { meaning: `failures are reported ${value.split(':').map((option) => FAILURE_OPTIONS[option.trim().toLowerCase()] ?? `(unknown option ${option})`).join(', or ')}` };
    default:
      return tag in GONE ? { meaning: GONE[tag] as string, problem: `Take ${tag} out.` } : { meaning: 'a tag that DMARC does not know; receivers ignore it', problem: `Take ${tag} out, or correct its name.` };
  }
}

function policy(of: string, value: string): Meaning {
  const words = POLICIES[value.toLowerCase()];
  return words === undefined ? { meaning: `the policy of ${of}`, problem: `"${value}" is no policy: none, quarantine or reject.` } : { meaning: `for ${of}: ${words}` };
}

function reports(what: string, value: string): Meaning {
  const wrong = value.split(',').map((uri) => uri.trim()).filter((uri) => !/^mailto:[^@\s]+@[^@\s]+$/i.test(uri) && !/^https:\/\/\S+$/i.test(uri));
  return { meaning: `${what} are sent to ${value}`, ...(wrong.length > 0 ? { problem: `${wrong.join(', ')}: write addresses as mailto:someone@domain, with commas between.` } : {}) };
}

function alignment(of: string, value: string): Meaning {
  return choice(value, { r: `${of} may be any of the same organisation`, s: `${of} must be the very domain of From` });
}

function choice(value: string, words: Readonly<Record<string, string>>): Meaning {
  const meaning = words[value.toLowerCase()];
  return meaning === undefined ? { meaning: 'a value that DMARC does not know', problem: `"${value}" is none of ${Object.keys(words).join(', ')}.` } : { meaning };
}
