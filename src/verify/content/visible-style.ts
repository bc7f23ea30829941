/** Whether an element of HTML shows, from its attributes and what it inherits. Pure. */

export interface Look {
  readonly hidden: boolean;
  /** Taken away with everything in it; letters without size or contrast may be set right again further in. */
  readonly gone: boolean;
  readonly tiny: boolean;
  /** As `#rrggbb` where it is known. */
  readonly color: string;
  readonly background: string;
}

export const DEFAULT_LOOK: Look = { hidden: false, gone: false, tiny: false, color: '#000000', background: '#ffffff' };
/** Of a page whose style sheet sets a background that is not looked up. */
export const UNPAINTED_LOOK: Look = { ...DEFAULT_LOOK, background: 'unknown' };

/** Does a style sheet set the background of elements by their name? Those with a class or an id are unknown anyway. */
export function paintsElements(sheet: string): boolean {
  return sheet.slice(0, SHEET_CHARS_MAX).toLowerCase().split('}').some((rule) => {
    const [selectors = '', declared = ''] = rule.split('{').slice(-2);
    return declared.includes('background') && selectors.split(',').some((selector) => /^\s*(?:\*|[a-z][a-z0-9]*)\s*$/.test(selector));
  });
}

/** A style attribute is looked at so far. */
const STYLE_CHARS_MAX = 2000;
const SHEET_CHARS_MAX = 50_000;

export function lookOf(name: string, attributes: Readonly<Record<string, string>>, inherited: Look): Look {
  const { style, bgcolor } = attributes;
  const fontColor = name === 'font' ? attributes['color'] : undefined;
  const sheet = 'class' in attributes || 'id' in attributes;
  if (style === undefined && bgcolor === undefined && fontColor === undefined && !sheet && !('hidden' in attributes)) return inherited;
  const rules = style === undefined ? EMPTY : readStyle(style);
  const color = colorOf(rules.get('color') ?? fontColor) ?? inherited.color;
  // A style sheet or a picture may lie behind the text: an unknown background hides nothing.
  const background = colorOf(rules.get('background-color') ?? rules.get('background') ?? bgcolor) ?? (sheet || hasPicture(rules) ? UNKNOWN : inherited.background);
  const gone = inherited.gone || 'hidden' in attributes || isGone(rules);
  const size = rules.get('font-size');
  const tiny = size === undefined ? inherited.tiny : isNothing(size) || /^1p[xt]$/.test(size);
  return { hidden: gone || tiny || (color === background && background !== UNKNOWN), gone, tiny, color, background };
}

const EMPTY: ReadonlyMap<string, string> = new Map();
const UNKNOWN = 'unknown';

function readStyle(style: string): ReadonlyMap<string, string> {
  const rules = new Map<string, string>();
  for (const rule of style.slice(0, STYLE_CHARS_MAX).toLowerCase().split(';')) {
    const colon = rule.indexOf(':');
    if (colon > 0) rules.set(rule.slice(0, colon).trim(), rule.slice(colon + 1).replace('!important', '').trim());
  }
  return rules;
}

function hasPicture(rules: ReadonlyMap<string, string>): boolean {
  return rules.has('background-image') || (rules.get('background')?.includes('url(') ?? false);
}

function isGone(rules: ReadonlyMap<string, string>): boolean {
  if (rules.get('display') === 'none' || rules.get('visibility') === 'hidden' || rules.get('mso-hide') === 'all') return true;
  if (isNothing(rules.get('opacity'))) return true;
  const clipped = rules.get('overflow') === 'hidden';
  return clipped && (isNothing(rules.get('max-height')) || isNothing(rules.get('height')) || isNothing(rules.get('max-width')));
}

function isNothing(length: string | undefined): boolean {
  return length !== undefined && /^0(?:\.0+)?(?:px|pt|em|rem|%)?$/.test(length);
}

const NAMED: Readonly<Record<string, string>> = { white: '#ffffff', black: '#000000', red: '#ff0000', silver: '#c0c0c0', gray: '#808080', grey: '#808080' };

function colorOf(value: string | undefined): string | undefined {
  const text = value?.trim().toLowerCase();
  if (text === undefined || text === '') return undefined;
  if (text === 'transparent' || text === 'inherit') return undefined;
  const [hex] = /#[0-9a-f]{6}\b|#[0-9a-f]{3}\b/.exec(text) ?? [];
  if (hex?.length === 4) return hex.replace(/[0-9a-f]/g, (digit) => digit + digit);
  if (hex) return hex;
  const rgb = /rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)/.exec(text);
  if (rgb) return `#${rgb.slice(1, 4).map((part) => Math.min(255, Number(part)).toString(16).padStart(2, '0')).join('')}`;
  const [word = ''] = text.split(' ');
  return NAMED[word] ?? UNKNOWN_COLOR + word;
}

/** Two colours that we cannot read are the same only when they are written the same, and then it is their own affair. */
const UNKNOWN_COLOR = 'as written: ';
