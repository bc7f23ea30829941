/**
 * Whom a bounce in words names as not reached, whether or not it says why: addresses on a line that says so, and addresses that
 * stand in a list behind such words. Pure.
 *
 * Policy: addresses of those who can be asked for help, of the sender, and amid sentences about something else are nobody's
 * recipient.
 */

const ADDRESS = /[\w.+-][\w.+=-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}/g;
/** Words that say that mail did not arrive (yet), as systems write them. */
const NOT_REACHED: readonly RegExp[] = [
  /(?:\bnot|n['’]t|\bunable to|\bcannot|\bfail(?:ed)? to)(?: yet)?(?: be(?:en)?| able to)? (?:deliver|reach|receive)/i,
  /\bdel[ei]very (?:to|of|failed|has|status|report)|\bfailed (?:address|recipient)|\bundeliver(?:able|ed)|\bintended recipient|\bdelivery problems/i,
  /\b(?:following|these) (?:list of )?(?:address|recipient|destination)|\binvalid (?:final delivery|recipient|user)|\byour (?:e-?mail |mail )?(?:message|e-?mail|mail) (?:to|for)\b|problem with the e-?mail address|\baddressed to\b/i,
  /nicht (?:zugestellt|zustellbar|ausgeliefert|erreicht)|unzustellbar|konnte\b.{0,60}\bnicht\b/i,
  /n['’]a pas (?:pu )?(?:[êe]tre|[ée]t[ée])|non (?:remis|distribu)|[ée]chec de (?:la )?(?:remise|distribution|livraison)/i,
  /no (?:se )?(?:ha )?(?:pud[oe]|puede|podido|sido posible)? ?(?:entreg|ha podido)|no ha podido entregar|n[ãa]o (?:foi|p[ôo]de)\b.{0,40}entreg/i,
  /non (?:[èe]['’]? stato|pu[òo]|possibile)\b.{0,40}(?:recapit|consegn)|mancat[ao] (?:recapito|consegna)|niet (?:worden )?(?:afgeleverd|bezorgd|geleverd)/i,
  /не (?:был[оаи]? |может быть )?достав|не удалось доставить|nie (?:został\S{0,2} |może być )?(?:do)?(?:starcz|ręcz)/i,
  /无法(?:投递|送达|发送|传递)|無法(?:投遞|送達|傳送)|退信|投递失败|配信(?:できません|不能|に失敗)|届(?:け|き)られません|배달(?:하지 못|되지 않|실패)/,
];
/** Lines that name somebody who helps, or fields of the message that came back. */
const OTHERS = /\b(?:contact|assistance|support|questions?|reply to|write to|sent by|help ?desk)\b|^\s*(?:>|from|sender|reply-to|return-path|message-id|date|received|cc|x-[\w-]+)\b.{0,2}[:<]|(?:expanded|generated) from/i;
/** Nothing but an address, or an address and behind a mark what is said of it. */
const LISTED = /^[\s*•>-]*(?:(?:recipient|address|empfänger|destinataire)\s*:\s*)?(?:"[^"]{0,80}" )?["'<([]*(?:[\w.;= ]{0,80}\bsmtp[=:])?([\w.+-][\w.+=-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10})["'>)\]]*\s*(?:$|[:;,*-]|\(|on \w{3},|could not|was not|has not)/i;
/** A list is no further than so many lines behind the words, or behind the address before it. */
const LIST_LINES = 16;

/** Addresses as they are written, each once. `lines`: up to the copy of the message. */
export function recipientsNamed(lines: readonly string[], senders: ReadonlySet<string>): readonly string[] {
  const found = new Map<string, string>();
  const add = (written: string): void => {
    const address = written.replace(/^smtp=/i, '');
    const key = address.toLowerCase();
    if (!senders.has(key) && !/^(?:postmaster|mailer-daemon)@/.test(key) && !found.has(key)) found.set(key, address);
  };
  let words = Number.NEGATIVE_INFINITY;
  for (const [at, line] of lines.entries()) {
    if (OTHERS.test(line)) continue;
    const says = saysNotReached(lines, at);
    if (says) words = at;
    const listed = at - words <= LIST_LINES ? LISTED.exec(line)?.[1] : undefined;
    if (listed !== undefined) {
      add(listed);
      words = at;
    } else if (says) for (const each of line.replace(/\bfrom:? \S+/gi, '').match(ADDRESS) ?? []) add(each);
  }
  return [...found.values()];
}

/** The words may be folded: the line counts together with the end of the one before. */
function saysNotReached(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? '';
  if (line.trim() === '') return false;
  const text = `${(lines[at - 1] ?? '').trim().slice(-60)} ${line.trim()}`;
  return NOT_REACHED.some((pattern) => pattern.test(line) || pattern.test(text));
}
