/** The table [reports] of posthorn.toml: which reports others get from this server, and in whose name. */
import type { ReportsConfig } from './reports-config.ts';
import { optional, setting, table } from './setting.ts';
import * as value from './values.ts';

export const reports = table('Daily reports to other domains that ask for them in the DNS.', {
  dmarc: setting(value.toggle(), 'Tell domains how mail in their name fared here: DMARC aggregate reports (RFC 9990). They name sending servers and counts, never recipients.', true),
  tls: setting(value.toggle(), 'Tell domains whether our connections to their mail servers were encrypted as they ask: TLS reports (RFC 8460).', true),
  organization: optional(value.plainText(), 'Who reports, as a name for people.', 'hostname'),
  from: optional(value.mailAddress(), 'Sender and contact address of the reports; of a domain of this server, so that they are signed.', 'postmaster@ origin'),
});

interface ReportsTable {
  readonly dmarc: boolean;
  readonly tls: boolean;
  readonly organization?: string | undefined;
  readonly from?: string | undefined;
}

export function reportsConfigOf({ dmarc, tls, organization, from }: ReportsTable): ReportsConfig {
  return { dmarc, tls, ...(organization === undefined ? {} : { organization }), ...(from === undefined ? {} : { from }) };
}
