/** Every check, in the order in which they are explained. To add one: a file beside this one, and its line here. */
import type { Check } from '../check.ts';
import { dkimAge, dkimPublished, dkimSize } from './dkim.ts';
import { dmarcObsolete, dmarcPolicy, dmarcRecord, dmarcReports } from './dmarc.ts';
import { domainExists } from './domain-exists.ts';
import { fcrdns } from './fcrdns.ts';
import { heloName } from './helo-name.ts';
import { heloSpf } from './helo-spf.ts';
import { listResolver } from './list-resolver.ts';
import { majorLists, minorLists, spamhaus } from './lists.ts';
import { mx } from './mx.ts';
import { ownName } from './own-name.ts';
import { ptr } from './ptr.ts';
import { roleAddresses } from './role-addresses.ts';
import { spfBreadth, spfLookups, spfOwn, spfRecord, spfSize, spfSyntax } from './spf.ts';
import { caa, dnssec, mtaSts, tlsReports } from './transport.ts';

export const CHECKS: readonly Check[] = [
  ptr, fcrdns, ownName, heloName, heloSpf, listResolver, spamhaus, majorLists, minorLists,
  domainExists, mx, spfRecord, spfSyntax, spfLookups, spfOwn, spfSize, spfBreadth,
  dkimPublished, dkimSize, dkimAge, dmarcRecord, dmarcPolicy, dmarcObsolete, dmarcReports,
  dnssec, caa, tlsReports, mtaSts, roleAddresses,
];
