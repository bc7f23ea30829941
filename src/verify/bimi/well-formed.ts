/**
 * Is a small document well-formed XML (XML 1.0 §2.1)? The parser that reads logos forgives what receivers' parsers do not.
 * Linear in the document; the first fault is told. Not looked at: the inside of a DOCTYPE, which no logo may have.
 */

/** Each piece of a document: text, comment, CDATA, instruction, DOCTYPE, end tag, start tag. Whatever fits none is a fault. */
const PIECE = /([^<]+)|<!--((?:(?!--)[^])*)-->|<!\[CDATA\[((?:(?!\]\]>)[^])*)\]\]>|<\?((?:(?!\?>)[^])*)\?>|<!DOCTYPE([^<>]*)>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>"'/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const LOOSE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/;
const NAME = /^[\p{L}_:][\p{L}\p{N}\p{M}_:.\u00b7-]*$/u;

/** A sentence; undefined when it is. */
export function xmlFault(document: string): string | undefined {
  const text = document.replace(/^\ufeff/, '');
  const open: { readonly name: string; readonly prefixes: ReadonlySet<string> }[] = [];
  let roots = 0;
  PIECE.lastIndex = 0;
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    const piece = PIECE.exec(text);
    if (!piece) return `Line ${lineOf(text, at)} is no well-formed XML: a tag is broken there.`;
    const [whole, words, , cdata, , , closed, name, attributes = '', isEmpty] = piece;
    const fault = (what: string): string => `Line ${lineOf(text, at)} is no well-formed XML: ${what}.`;
    if (words !== undefined && LOOSE_AMPERSAND.test(words)) return fault('& must be written &amp;');
    if ((words?.trim() || cdata) && open.length === 0) return fault('there is text outside of the outermost element');
    if (closed !== undefined && open.pop()?.name !== closed) return fault(`</${closed.slice(0, 40)}> closes what is not open`);
    if (name === undefined) continue;
    if (open.length === 0 && (roots += 1) > 1) return fault('there is a second outermost element');
    if (!NAME.test(name)) return fault(`<${name.slice(0, 40)}> is no name`);
    const read = readAttributes(attributes, open.at(-1)?.prefixes ?? new Set(['xml']));
    if (typeof read === 'string') return fault(read);
    const [prefix, local] = name.split(':', 2);
    if (local !== undefined && !read.has(prefix ?? '')) return fault(`the prefix of <${whole.slice(1, 40)} is not declared (xmlns:${prefix}="…")`);
    if (isEmpty !== '/') open.push({ name, prefixes: read });
  }
  const [left] = open;
  return left === undefined ? undefined : `<${(open.at(-1) ?? left).name.slice(0, 40)}> is not closed: the file is not well-formed XML.`;
}

/** The prefixes that hold inside of the element, or what is wrong. */
function readAttributes(attributes: string, outer: ReadonlySet<string>): ReadonlySet<string> | string {
  const names = new Set<string>();
  for (const [, name = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    if (names.has(name)) return `the attribute ${name.slice(0, 40)} is there twice`;
    if (!NAME.test(name)) return `${name.slice(0, 40)} is no name of an attribute`;
    if (LOOSE_AMPERSAND.test(double ?? single ?? '')) return '& must be written &amp;';
    names.add(name);
  }
  const declared = [...names].filter((name) => name.startsWith('xmlns:')).map((name) => name.slice('xmlns:'.length));
  const prefixes = declared.length === 0 ? outer : new Set([...outer, ...declared]);
  const unbound = [...names].find((name) => name.includes(':') && !name.startsWith('xmlns:') && !prefixes.has(name.split(':', 1)[0] ?? ''));
  return unbound === undefined ? prefixes : `the prefix of ${unbound.slice(0, 40)} is not declared`;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
