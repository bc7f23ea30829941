/** Names of sending services by the domains that they sign or bounce with. */
import { KNOWN_SERVICES } from '../spf/known-services.ts';

/** Besides the domains of their SPF records: what their mail shows when the customer set nothing up. As their help pages say (looked up 2026-11). */
const SEEN: readonly (readonly [domain: string, title: string])[] = [
  ['gappssmtp.com', 'Google Workspace'],
  ['google.com', 'Google'],
  ['onmicrosoft.com', 'Microsoft 365'],
  ['outlook.com', 'Microsoft 365'],
  ['sendgrid.net', 'Twilio SendGrid'],
  ['mcsv.net', 'Mailchimp'],
  ['mcdlv.net', 'Mailchimp'],
  ['rsgsv.net', 'Mailchimp'],
  ['mandrillapp.com', 'Mandrill'],
  ['mtasv.net', 'Postmark'],
  ['amazonses.com', 'Amazon SES'],
  ['mailgun.org', 'Mailgun'],
  ['sparkpostmail.com', 'SparkPost'],
  ['brevosend.com', 'Brevo'],
  ['sendinblue.com', 'Brevo'],
  ['zohomail.com', 'Zoho Mail'],
  ['hubspotemail.net', 'HubSpot'],
  ['exacttarget.com', 'Salesforce Marketing Cloud'],
  ['zendesk.com', 'Zendesk'],
  ['shopifyemail.com', 'Shopify'],
  ['intercom-mail.com', 'Intercom'],
  ['klaviyomail.com', 'Klaviyo'],
  ['cmail20.com', 'Campaign Monitor'],
  ['constantcontact.com', 'Constant Contact'],
];

/** Of the first domain that belongs to a service that is known. */
export function knownSender(domains: readonly string[]): string | undefined {
  for (const domain of domains) {
    const title = SEEN.find(([name]) => isWithin(domain, name))?.[1] ?? KNOWN_SERVICES.find(({ include }) => isWithin(domain, include.replace(/^_?spf\./, '')))?.title;
    if (title !== undefined) return title;
  }
  return undefined;
}

function isWithin(domain: string, name: string): boolean {
  return domain === name || domain.endsWith(`.${name}`);
}
