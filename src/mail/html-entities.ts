/** Named characters of HTML as they occur in mail: those of Latin-1 in order of their code, and some of punctuation. */

/** U+00A0 to U+00FF. */
const LATIN1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest ' +
  'Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig ' +
  'agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

const OTHERS: Readonly<Record<string, string>> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", euro: '€', mdash: '—', ndash: '–', hellip: '…', lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„',
  bull: '•', trade: '™', lsaquo: '‹', rsaquo: '›', scaron: 'š', Scaron: 'Š', oelig: 'œ', OElig: 'Œ', zwnj: '', zwj: '', ensp: ' ', emsp: ' ', thinsp: ' ', rarr: '→', larr: '←',
};

const NAMES: ReadonlyMap<string, string> = new Map([
  ...LATIN1.split(' ').map((name, at) => [name, name === 'nbsp' ? ' ' : name === 'shy' ? '' : String.fromCharCode(0xa0 + at)] as const),
  ...Object.entries(OTHERS),
]);

/** Names and numbers; what is none of them stays as it is. */
export function decodeEntities(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,7});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return NAMES.get(name) ?? whole;
    const code = name[1] === 'x' || name[1] === 'X' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
