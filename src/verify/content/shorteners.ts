/** Hosts whose links lead somewhere else, for anybody: filters distrust them, and their domains are on lists again and again. */
export const SHORTENERS: ReadonlySet<string> = new Set([
  '1url.com', 'adf.ly', 'b23.ru', 'bc.vc', 'bit.do', 'bit.ly', 'bitly.com', 'bl.ink', 'buff.ly', 'clck.ru', 'cutt.ly', 'dlvr.it', 'goo.gl', 'goo.su', 'hyperurl.co', 'is.gd', 'j.mp', 'kutt.it', 'lc.chat',
  'linktr.ee', 'lnk.to', 'mcaf.ee', 'ow.ly', 'plu.sh', 'po.st', 'qr.ae', 'rb.gy', 'rebrand.ly', 'rotf.lol', 's.id', 'short.gy', 'short.io', 'shorte.st', 'shorturl.at', 'snip.ly', 'soo.gd', 'su.pr', 't.co',
  't.ly', 't2m.io', 'tiny.cc', 'tiny.one', 'tinyurl.com', 'tr.im', 'trib.al', 'u.to', 'urlz.fr', 'v.gd', 'vzturl.com', 'wp.me', 'x.gd', 'yourls.org', 'zpr.io',
]);
