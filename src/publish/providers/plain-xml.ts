/**
 * XML without surprises: elements and text, as an API writes it. Attributes are skipped, a document type is refused, and of
 * entities there are the five of XML and numbers.
 */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Of its own. */
  readonly text: string;
}

const DEPTH_MAX = 32;
const TOKEN = /<(?<closing>\/)?(?<name>[A-Za-z_][\w.:-]*)(?=[\s/>])[^<>]*?(?<empty>\/)?>|<\?[^<>]*\?>|(?<text>[^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The outermost element. Undefined: this is no such document. */
export function readXml(document: string): XmlElement | undefined {
  const root: Open = { name: '', children: [], text: '' };
  const open: Open[] = [root];
  TOKEN.lastIndex = 0;
  let at = 0;
  for (const token of document.matchAll(TOKEN)) {
    if (token.index !== at) return undefined;
    at += token[0].length;
    const { closing, name, empty, text } = token.groups ?? {};
    const inner = open.at(-1) as Open;
    if (text !== undefined) inner.text += unescape(text);
    else if (name !== undefined && closing !== undefined) {
      if (inner.name !== name) return undefined;
      open.pop();
    } else if (name !== undefined) {
      const element: Open = { name, children: [], text: '' };
      inner.children.push(element);
      if (empty === undefined && open.push(element) > DEPTH_MAX) return undefined;
    }
  }
  return at === document.length && open.length === 1 ? root.children[0] : undefined;
}

interface Open {
  readonly name: string;
  readonly children: Open[];
  text: string;
}

function unescape(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{1,5}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The first below `element`, level by level; each name may be at one place only. */
export function elementAt(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((inner, name) => inner?.children.find((child) => child.name === name), element);
}

export function elementsAt(element: XmlElement | undefined, ...path: readonly string[]): readonly XmlElement[] {
  const name = path.at(-1);
  return elementAt(element, ...path.slice(0, -1))?.children.filter((child) => child.name === name) ?? [];
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
