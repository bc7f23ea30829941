/**
 * Is a logo in the profile SVG Tiny Portable/Secure, which BIMI demands (draft-svg-tiny-ps-abrotman)? A streaming parser in
 * XML mode: no entities are expanded, nothing is fetched, and a document is given up at DOCTYPE.
 */
import { Parser } from 'htmlparser2';
import { xmlFault } from './well-formed.ts';

export const LOGO_BYTES_MAX = 32 * 1024;

/** Of SVG Tiny 1.2 without what moves, links, runs or embeds. */
const ALLOWED = new Set([
  'svg', 'title', 'desc', 'metadata', 'g', 'defs', 'use', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan', 'textArea', 'tbreak',
  'linearGradient', 'radialGradient', 'stop', 'solidColor',
]);
const PROBLEMS_MAX = 20;
const TITLE_CHARS_MAX = 64;

/** Sentences; empty when the logo is in order. */
export function svgProfileProblems(bytes: Buffer): readonly string[] {
  const reading = new SvgReading();
  if (bytes.length > LOGO_BYTES_MAX) reading.add(`The file has ${bytes.length} bytes; receivers take ${LOGO_BYTES_MAX} at most.`);
  const parser = new Parser(reading, { xmlMode: true, decodeEntities: false, lowerCaseTags: false, lowerCaseAttributeNames: false });
  const text = bytes.subarray(0, LOGO_BYTES_MAX * 4).toString('utf8');
  parser.end(text);
  const fault = xmlFault(text);
  if (fault !== undefined && reading.holdsElements) reading.add(fault);
  return reading.result();
}

class SvgReading {
  readonly #problems = new Set<string>();
  #depth = 0;
  #elements = 0;
  #title: string | undefined;
  #inTitle = false;

  get holdsElements(): boolean {
    return this.#elements > 0;
  }

  add(problem: string): void {
    if (this.#problems.size < PROBLEMS_MAX) this.#problems.add(problem);
  }

  result(): readonly string[] {
    if (this.#elements === 0) this.add('The file holds no SVG.');
    else if (this.#title === undefined || this.#title.trim() === '') this.add('There is no <title> directly in <svg>: it must hold the name of the brand.');
    else if (this.#title.length > TITLE_CHARS_MAX) this.add(`The <title> has more than ${TITLE_CHARS_MAX} characters.`);
    return [...this.#problems];
  }

  onprocessinginstruction(name: string, data: string): void {
    if (name.toLowerCase() === '!doctype' || /<!ENTITY/i.test(data)) this.add('There is a DOCTYPE, which the profile does not allow.');
    else if (name.toLowerCase() === '?xml-stylesheet') this.add('A style sheet is linked, which the profile does not allow.');
  }

  onopentag(name: string, attributes: Record<string, string>): void {
    const element = name.toLowerCase();
    this.#elements += 1;
    this.#depth += 1;
    if (this.#depth === 1) this.#root(name, attributes);
    else if (!ALLOWED.has(name) && !element.includes(':')) this.add(`<${name.slice(0, 40)}> is not allowed in the profile.`);
    this.#inTitle = element === 'title' && this.#depth === 2;
    if (this.#inTitle) this.#title ??= '';
    for (const [attribute, value] of Object.entries(attributes)) this.#attribute(attribute, value);
  }

  ontext(text: string): void {
    if (this.#inTitle) this.#title += text;
  }

  onclosetag(): void {
    this.#depth -= 1;
    this.#inTitle = false;
  }

  #root(name: string, attributes: Record<string, string>): void {
    if (name !== 'svg') return this.add(`The outermost element is <${name.slice(0, 40)}>, not <svg>.`);
    if (attributes['xmlns'] !== 'http://www.w3.org/2000/svg') this.add('<svg> must have xmlns="http://www.w3.org/2000/svg".');
    if (attributes['version'] !== '1.2') this.add('<svg> must have version="1.2".');
    if (attributes['baseProfile'] !== 'tiny-ps') this.add('<svg> must have baseProfile="tiny-ps".');
    for (const place of ['x', 'y']) if (place in attributes) this.add(`<svg> must not have the attribute ${place}.`);
    this.#shape(attributes);
  }

  #shape({ viewBox, width, height }: Record<string, string>): void {
    const [, , wide, high] = (viewBox ?? '').trim().split(/[\s,]+/).map(Number);
    if (wide === undefined || high === undefined) {
      if (width === undefined || Number.parseFloat(width) !== Number.parseFloat(height ?? '')) this.add('<svg> has no viewBox of four numbers: it must be square.');
    } else if (!(wide > 0) || wide !== high) this.add(`The logo is not square: its viewBox is ${wide} by ${high}.`);
  }

  #attribute(attribute: string, value: string): void {
    const name = attribute.toLowerCase();
    if (name.startsWith('on')) this.add(`The attribute ${attribute.slice(0, 40)} runs a script, which the profile does not allow.`);
    if ((name === 'href' || name === 'xlink:href') && !value.trim().startsWith('#')) this.add('Something outside of the file is linked, which the profile does not allow.');
    if (/url\(\s*["']?(?!\s*["']?#)/i.test(value)) this.add('Something outside of the file is used by url(…), which the profile does not allow.');
    if (name === 'style') this.add('Styles must be attributes (fill="…"), not style="…".');
  }
}
