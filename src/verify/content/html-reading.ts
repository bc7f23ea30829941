/**
 * What a reader and a filter see in an HTML part: the words that show, those that are hidden, links, images, and what
 * mail programs block.
 *
 * Policy: reads as browsers do, from hostile input: characters, elements and depth are bounded (CONTENT_LIMITS), and
 * `cut` says when something was left out. Styles count where they stand on the element; sheets are not applied, but where
 * one sets the background of plain elements, no text is taken for hidden because of the colour of the page.
 */
import { Parser } from 'htmlparser2';
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { readLink, type Link } from './link.ts';
import { DEFAULT_LOOK, lookOf, paintsElements, UNPAINTED_LOOK, type Look } from './visible-style.ts';

export interface HtmlImage {
  readonly src: string;
  /** Undefined: there is none, which is worse than an empty one. */
  readonly alt: string | undefined;
  /** One pixel or none in either direction: counts who reads, shows nothing. */
  readonly pixel: boolean;
}

export interface HtmlReading {
  /** White space runs as single blanks, blocks on lines of their own. */
  readonly text: string;
  /** Text that no reader sees. */
  readonly hidden: string;
  readonly links: readonly Link[];
  readonly images: readonly HtmlImage[];
  readonly elements: number;
  /** How often each of these stands there; mail programs remove them, and filters mind. */
  readonly blocked: Readonly<Record<BlockedTag, number>>;
  /** Links that would run something or carry a page with them (`javascript:`, `data:`). */
  readonly scriptLinks: number;
  readonly cut: boolean;
}

const BLOCKED_TAGS = ['script', 'form', 'iframe', 'object', 'embed', 'applet'] as const;
export type BlockedTag = (typeof BLOCKED_TAGS)[number];

const BLOCK_TAGS = new Set(['p', 'br', 'div', 'tr', 'td', 'th', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'ul', 'ol', 'blockquote', 'hr', 'pre', 'section', 'article', 'header', 'footer']);
const SILENT_TAGS = new Set(['style', 'script', 'head', 'title', 'template', 'noscript', 'object', 'iframe', 'svg', 'math']);

/** Ends the parsing from inside; never leaves this file. */
class Enough extends Error {}

export function readHtml(html: string): HtmlReading {
  const reader = new HtmlReader();
  const cut = html.length > CONTENT_LIMITS.textCharsMax;
  const parser = new Parser({ onopentag: (name, attributes) => reader.open(name, attributes), onclosetag: (name) => reader.close(name), ontext: (text) => reader.text(text) });
  try {
    parser.end(cut ? html.slice(0, CONTENT_LIMITS.textCharsMax) : html);
  } catch (reason) {
    if (!(reason instanceof Enough)) throw reason;
    reader.cut = true;
  }
  return reader.result(cut);
}

class HtmlReader {
  cut = false;
  readonly #looks: Look[] = [];
  readonly #visible: string[] = [];
  readonly #hidden: string[] = [];
  readonly #links: Link[] = [];
  readonly #images: HtmlImage[] = [];
  readonly #blocked: Record<BlockedTag, number> = { script: 0, form: 0, iframe: 0, object: 0, embed: 0, applet: 0 };
  #elements = 0;
  #scriptLinks = 0;
  #root: Look = DEFAULT_LOOK;
  #inSheet = false;
  #silent = 0;
  #anchor: { readonly href: string; readonly words: string[]; chars: number } | undefined;

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#elements += 1;
    if (this.#elements > CONTENT_LIMITS.htmlElementsMax || this.#looks.length >= CONTENT_LIMITS.htmlDepthMax) throw new Enough();
    if (SILENT_TAGS.has(name)) this.#silent += 1;
    if (name === 'style') this.#inSheet = true;
    // Facts about a booking or a parcel, for mail programs to read (schema.org); nothing in them runs.
    if (isBlocked(name) && !/^application\/(?:ld\+)?json$/i.test(attributes['type'] ?? '')) this.#blocked[name] += 1;
    const look = lookOf(name, attributes, this.#look);
    this.#looks.push(look);
    if (BLOCK_TAGS.has(name)) this.#visible.push('\n');
    if (name === 'a' || name === 'area') this.#openAnchor(attributes['href'] ?? '');
    if (name === 'img') this.#image(attributes, look);
  }

  close(name: string): void {
    this.#looks.pop();
    if (name === 'style') this.#inSheet = false;
    if (SILENT_TAGS.has(name)) this.#silent -= 1;
    if (BLOCK_TAGS.has(name)) this.#visible.push('\n');
    if (name === 'a' || name === 'area') this.#closeAnchor();
  }

  text(text: string): void {
    if (this.#inSheet && paintsElements(text)) this.#unpaint();
    if (this.#silent > 0) return;
    if (this.#look.hidden) {
      this.#hidden.push(text);
      return;
    }
    this.#visible.push(text);
    const anchor = this.#anchor;
    if (!anchor || anchor.chars > CONTENT_LIMITS.linkTextCharsMax) return;
    anchor.words.push(text);
    anchor.chars += text.length;
  }

  result(cut: boolean): HtmlReading {
    this.#closeAnchor();
    return {
      text: squeeze(this.#visible.join('')),
      hidden: squeeze(this.#hidden.join(' ')),
      links: this.#links,
      images: this.#images,
      elements: this.#elements,
      blocked: this.#blocked,
      scriptLinks: this.#scriptLinks,
      cut: cut || this.cut,
    };
  }

  /** The background of what is open and has none of its own, such as the body, is no longer known. */
  #unpaint(): void {
    this.#root = UNPAINTED_LOOK;
    for (const [at, look] of this.#looks.entries()) if (look.background === DEFAULT_LOOK.background) this.#looks[at] = { ...look, background: UNPAINTED_LOOK.background };
  }

  get #look(): Look {
    return this.#looks.at(-1) ?? this.#root;
  }

  /** An anchor in an anchor ends the outer one. */
  #openAnchor(href: string): void {
    this.#closeAnchor();
    if (/^\s*(?:javascript|vbscript|data):/i.test(href)) this.#scriptLinks += 1;
    this.#anchor = { href, words: [], chars: 0 };
  }

  #closeAnchor(): void {
    const anchor = this.#anchor;
    this.#anchor = undefined;
    if (!anchor) return;
    const link = readLink(anchor.href, anchor.words.join(''), 'html');
    if (!link) return;
    if (this.#links.length < CONTENT_LIMITS.linksMax) this.#links.push(link);
    else this.cut = true;
  }

  #image({ src = '', alt, width, height }: Readonly<Record<string, string>>, look: Look): void {
    if (this.#images.length >= CONTENT_LIMITS.linksMax) return;
    this.#images.push({ src: src.slice(0, CONTENT_LIMITS.urlCharsMax), alt, pixel: look.hidden || isTiny(width) || isTiny(height) });
    if (alt && !look.hidden) this.#anchor?.words.push(` ${alt.slice(0, CONTENT_LIMITS.linkTextCharsMax)} `);
  }
}

function isBlocked(name: string): name is BlockedTag {
  return (BLOCKED_TAGS as readonly string[]).includes(name);
}

function isTiny(length: string | undefined): boolean {
  return length !== undefined && /^\s*[01](?:px)?\s*$/.test(length);
}

/** Runs first: looked at from each of their places, they would cost the square of their length. */
function squeeze(text: string): string {
  return text.replace(/[^\S\n]+/g, ' ').replace(/ ?\n[ \n]*/g, '\n').trim();
}
