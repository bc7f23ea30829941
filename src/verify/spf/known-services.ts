/** Sending services and what they ask their customers to include, as their help pages say (looked up 2026-11). */

export interface KnownService {
  /** What people type. */
  readonly key: string;
  readonly title: string;
  readonly include: string;
}

export const KNOWN_SERVICES: readonly KnownService[] = [
  { key: 'google', title: 'Google Workspace', include: '_spf.google.com' },
  { key: 'microsoft', title: 'Microsoft 365', include: 'spf.protection.outlook.com' },
  { key: 'amazonses', title: 'Amazon SES', include: 'amazonses.com' },
  { key: 'sendgrid', title: 'Twilio SendGrid', include: 'sendgrid.net' },
  { key: 'mailgun', title: 'Mailgun', include: 'mailgun.org' },
  { key: 'mailchimp', title: 'Mailchimp', include: 'servers.mcsv.net' },
  { key: 'mandrill', title: 'Mandrill', include: 'spf.mandrillapp.com' },
  { key: 'postmark', title: 'Postmark', include: 'spf.mtasv.net' },
  { key: 'mailjet', title: 'Mailjet', include: 'spf.mailjet.com' },
  { key: 'brevo', title: 'Brevo', include: 'spf.brevo.com' },
  { key: 'sparkpost', title: 'SparkPost', include: 'sparkpostmail.com' },
  { key: 'zoho', title: 'Zoho Mail', include: 'zoho.com' },
  { key: 'fastmail', title: 'Fastmail', include: 'spf.messagingengine.com' },
  { key: 'proton', title: 'Proton Mail', include: '_spf.protonmail.ch' },
  { key: 'salesforce', title: 'Salesforce', include: '_spf.salesforce.com' },
  { key: 'zendesk', title: 'Zendesk', include: 'mail.zendesk.com' },
  { key: 'freshdesk', title: 'Freshdesk', include: 'email.freshdesk.com' },
  { key: 'shopify', title: 'Shopify', include: 'shops.shopify.com' },
  { key: 'icloud', title: 'iCloud Mail with an own domain', include: 'icloud.com' },
];

export function knownService(key: string): KnownService | undefined {
  return KNOWN_SERVICES.find((service) => service.key === key.toLowerCase());
}
