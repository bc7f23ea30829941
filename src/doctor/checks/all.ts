/** Every check, in the order in which they are explained. To add one: a file in the folder of its group, and its lines here. */
import type { Check } from '../check.ts';
import { fcrdns } from './address/fcrdns.ts';
import { heloName } from './address/helo-name.ts';
import { heloSpf } from './address/helo-spf.ts';
import { heloStable } from './address/helo-stable.ts';
import { majorLists } from './address/major-lists.ts';
import { minorLists } from './address/minor-lists.ts';
import { ownName } from './address/own-name.ts';
import { ptr } from './address/ptr.ts';
import { routeOrigin } from './address/route-origin.ts';
import { senderScore } from './address/sender-score.ts';
import { spamhaus } from './address/spamhaus.ts';
import { bounces } from './bulk/bounces.ts';
import { bulkFields } from './bulk/bulk-fields.ts';
import { complaints } from './bulk/complaints.ts';
import { enrolled } from './bulk/enrolled.ts';
import { growth } from './bulk/growth.ts';
import { oneClick } from './bulk/one-click.ts';
import { unsubscribeHonoured } from './bulk/unsubscribe-honoured.ts';
import { unsubscribeWorks } from './bulk/unsubscribe-works.ts';
import { honestLinks } from './content/honest-links.ts';
import { linkDomains } from './content/link-domains.ts';
import { linksAnswer } from './content/links-answer.ts';
import { spamRules } from './content/spam-rules.ts';
import { textAndHtml } from './content/text-and-html.ts';
import { bimi } from './domain/bimi.ts';
import { caa } from './domain/caa.ts';
import { discovery } from './domain/discovery.ts';
import { dkimAge } from './domain/dkim-age.ts';
import { dkimPublished } from './domain/dkim-published.ts';
import { dkimSize } from './domain/dkim-size.ts';
import { dmarcObsolete } from './domain/dmarc-obsolete.ts';
import { dmarcPolicy } from './domain/dmarc-policy.ts';
import { dmarcRecord } from './domain/dmarc-record.ts';
import { dmarcReports } from './domain/dmarc-reports.ts';
import { dnssec } from './domain/dnssec.ts';
import { domainExists } from './domain/domain-exists.ts';
import { mx } from './domain/mx.ts';
import { nameServers } from './domain/name-servers.ts';
import { namesWithoutMail } from './domain/names-without-mail.ts';
import { nullMx } from './domain/null-mx.ts';
import { rejectUnsigned } from './domain/reject-unsigned.ts';
import { spfBreadth } from './domain/spf-breadth.ts';
import { spfLookups } from './domain/spf-lookups.ts';
import { spfOwn } from './domain/spf-own.ts';
import { spfRecord } from './domain/spf-record.ts';
import { spfSize } from './domain/spf-size.ts';
import { spfSyntax } from './domain/spf-syntax.ts';
import { certificate } from './host/certificate.ts';
import { ipv6 } from './host/ipv6.ts';
import { listResolver } from './host/list-resolver.ts';
import { openRelay } from './host/open-relay.ts';
import { outboundTls } from './host/outbound-tls.ts';
import { port25In } from './host/port-25-in.ts';
import { port25Out } from './host/port-25-out.ts';
import { severalAddresses } from './host/several-addresses.ts';
import { startTls } from './host/starttls.ts';
import { staticAddress } from './host/static-address.ts';
import { bounceForm } from './message/bounce-form.ts';
import { dateAndId } from './message/date-and-id.ts';
import { forwarding } from './message/forwarding.ts';
import { fromField } from './message/from-field.ts';
import { headerFields } from './message/header-fields.ts';
import { messageDkim } from './message/message-dkim.ts';
import { messageDmarc } from './message/message-dmarc.ts';
import { messageSpf } from './message/message-spf.ts';
import { messageTls } from './message/message-tls.ts';
import { mimeValidity } from './message/mime-validity.ts';
import { placement } from './receiving/placement.ts';
import { queueLength } from './receiving/queue-length.ts';
import { roleAddresses } from './receiving/role-addresses.ts';
import { senderMailboxes } from './receiving/sender-mailboxes.ts';
import { domainAge } from './reputation/domain-age.ts';
import { domainLists } from './reputation/domain-lists.ts';
import { safeBrowsing } from './reputation/safe-browsing.ts';
import { mtaSts } from './tls/mta-sts.ts';
import { tlsReports } from './tls/tls-rpt.ts';
import { tlsa } from './tls/tlsa.ts';

export const CHECKS: readonly Check[] = [
  // Host and addresses
  staticAddress, port25Out, port25In, ptr, fcrdns, ownName, heloName, heloStable, heloSpf, ipv6, openRelay, severalAddresses, routeOrigin,
  listResolver, spamhaus, majorLists, minorLists, senderScore,
  // Domains
  nameServers, domainExists, mx, nullMx, spfRecord, spfSyntax, spfLookups, spfOwn, spfSize, spfBreadth,
  dkimPublished, dkimSize, dkimAge, dmarcRecord, dmarcPolicy, dmarcObsolete, dmarcReports, rejectUnsigned,
  dnssec, caa, discovery, namesWithoutMail, bimi, domainAge, safeBrowsing, domainLists,
  // TLS
  startTls, certificate, outboundTls, tlsReports, mtaSts, tlsa,
  // A message
  bounceForm, forwarding,
  messageSpf, messageDkim, messageDmarc, messageTls, fromField, dateAndId, headerFields, mimeValidity,
  spamRules, textAndHtml, linksAnswer, honestLinks, linkDomains, oneClick, bulkFields,
  // Mail to many
  unsubscribeWorks, unsubscribeHonoured, complaints, enrolled, bounces, growth,
  // Receiving
  roleAddresses, senderMailboxes, queueLength, placement,
];
