/** Hosts whose links lead somewhere else, for anybody: filters distrust them, and their domains are on lists again and again. */
export const SHORTENERS: ReadonlySet<string> = new Set([
  '1url.com', 'adf.ly', 'b23.ru', 'bc.vc', 'bit.do', 'bit.ly', 'bitly.com', 'bl.ink', 'buff.ly', 'clck.ru', 'cutt.ly', 'dlvr.it', 'goo.gl', 'goo.su', 'hyperurl.co', 'is.gd', 'j.mp', 'kutt.it', 'lc.chat',
  'linktr.ee', 'lnk.to', 'mcaf.ee', 'ow.ly', 'plu.sh', 'po.st', 'qr.ae', 'rb.gy', 'rebrand.ly', 'rotf.lol', 's.id', 'short.gy', 'short.io', 'shorte.st', 'shorturl.at', 'snip.ly', 'soo.gd', 'su.pr', 't.co',
  't.ly', 't2m.io', 'tiny.cc', 'tiny.one', 'tinyurl.com', 'tr.im', 'trib.al', 'u.to', 'urlz.fr', 'v.gd', 'vzturl.com', 'wp.me', 'x.gd', 'yourls.org', 'zpr.io',
]);

/** Click counters of sending services: a link through one of them does not show where it leads, and yet means no harm. Their subdomains, too. */
export const CLICK_COUNTERS: readonly string[] = [
  'acemlna.com', 'activehosted.com', 'awstrack.me', 'cmail19.com', 'cmail20.com', 'createsend.com', 'customeriomail.com', 'emltrk.com', 'exacttarget.com', 'getresponse.com', 'hs-sales-engage.com', 'hubspotemail.net', 'hubspotlinks.com',
  'intercom-mail.com', 'klclick.com', 'klclick1.com', 'klclick2.com', 'klclick3.com', 'list-manage.com', 'mailchimp.com', 'mailerlite.com', 'mailgun.org', 'mandrillapp.com', 'mcsv.net', 'mjt.lu', 'pstmrk.it', 'rapidmail.de',
  'rs6.net', 'sendgrid.net', 'sendibm1.com', 'sendibm2.com', 'sendibm3.com', 'sparkpostmail.com', 'substack.com',
];

/** What receiving sites put in the place of links, to check them when they are clicked: whoever forwards mail passes them on. */
export const LINK_GUARDS: readonly string[] = [
  'cudasvc.com', 'fireeye.com', 'ironport.com', 'linkprotect.cudasvc.com', 'mimecast.com', 'mimecastprotect.com', 'protection.outlook.com', 'safelinks.protection.outlook.com', 'sophos.com', 'trendmicro.com', 'urldefense.com', 'urldefense.proofpoint.com', 'urlsand.esvalabs.com',
];
