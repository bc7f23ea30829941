/**
 * The base subject (RFC 5256 §2.1): a subject without what replies and forwards put around it. What SORT SUBJECT
 * compares and what threads are grouped by.
 */
import { decodeWords } from './encoded-word.ts';

export interface BaseSubject {
  /** Decoded, blanks single; case as written. */
  readonly text: string;
  /** Something was taken off that says reply or forward (RFC 5256 §5, steps 4 and 5). */
  readonly isReplyOrForward: boolean;
}

/** A hostile subject could be taken apart a million times; nobody's is so long or has so many layers. */
const LAYERS_MAX = 100;
const CHARS_MAX = 2000;

/** `subj-refwd` of RFC 5256 §5: `re`, `fw`, `fwd`, perhaps a blob, a colon. */
const REPLY_OR_FORWARD = /^(?:re|fwd?)[ \t]*(?:\[[^[\]]*\][ \t]*)?:[ \t]*/i;
/** `subj-blob`. */
const BLOB = /^\[[^[\]]*\][ \t]*/;
const TRAILER = /(?:[ \t]*\(fwd\)|[ \t]+)$/i;
const WRAPPED = /^\[fwd:(.*)\]$/is;

/** `subject` is the unfolded field value with its encoded words. */
export function baseSubject(subject: string): BaseSubject {
  let text = decodeWords(subject).slice(0, CHARS_MAX).replace(/\t[\t ]*| {2}[\t ]*| \t[\t ]*/g, ' ').trim();
  let isReplyOrForward = false;
  // Most subjects have nothing around them, and lists of thousands are sorted by them.
  if (!/^[[rf]/i.test(text) && !text.endsWith(')')) return { text, isReplyOrForward };
  for (let layer = 0; layer < LAYERS_MAX; layer += 1) {
    const before = text;
    // Step 2: trailers.
    while (/[) \t]$/.test(text.slice(-1)) && TRAILER.test(text)) {
      if (text.endsWith(')')) isReplyOrForward = true;
      text = text.replace(TRAILER, '');
    }
    // Steps 3 to 5: leaders and blobs; a blob stays when nothing else would be left.
    for (let more = true; more; ) {
      more = false;
      const leader = withoutLeader(text);
      if (leader !== undefined) {
        text = leader;
        isReplyOrForward = true;
        more = true;
        continue;
      }
      const stripped = text.replace(BLOB, '');
      if (stripped !== text && stripped !== '') {
        text = stripped;
        more = true;
      }
    }
    // Step 6: `[fwd: … ]` around the whole.
    const inner = WRAPPED.exec(text);
    if (inner) {
      text = (inner[1] as string).trim();
      isReplyOrForward = true;
    } else if (text === before) break;
  }
  return { text, isReplyOrForward };
}

/** `subj-leader`: blobs and a reply or forward mark. Undefined: there is none. */
function withoutLeader(text: string): string | undefined {
  let rest = text;
  for (let match = BLOB.exec(rest); match; match = BLOB.exec(rest)) rest = rest.slice(match[0].length);
  const mark = REPLY_OR_FORWARD.exec(rest);
  return mark ? rest.slice(mark[0].length) : undefined;
}
