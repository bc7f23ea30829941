/** What a lab says when it is ready: one line of JSON for programs, or the first steps for a person. */
import type { LabProvider } from '../lab/lab.ts';
import type { AccessListener } from './access/access-addresses.ts';

const ACCESS_NOTES: Readonly<Record<AccessListener, string>> = {
  imap: 'as it is, or with STARTTLS',
  imaps: 'TLS from the start',
  pop3: 'as it is, or with STLS',
  pop3s: 'TLS from the start',
  sieve: 'ManageSieve, as it is or with STARTTLS',
};

export interface LabFacts {
  readonly dir: string;
  readonly config: string;
  readonly host: string;
  readonly ports: { readonly smtp: number; readonly submission: number; readonly submissions: number };
  readonly accessPorts: Partial<Readonly<Record<AccessListener, number>>>;
  /** Of the web server in the clear. */
  readonly http: string | undefined;
  readonly accounts: readonly { readonly address: string; readonly password: string }[];
  readonly ca: string;
  readonly dns: { readonly host: string; readonly port: number };
  readonly providers: readonly LabProvider[];
}

/** The contract with tests and tools; parts that are not built yet are left out. */
export function readyLine(facts: LabFacts): string {
  const { dir, config, host, ports, accessPorts, http, accounts, ca, providers, dns } = facts;
  const ready = {
    ready: true,
    pid: process.pid,
    dir,
    config,
    smtp: { host, port: ports.smtp },
    submission: { host, port: ports.submission },
    submissions: { host, port: ports.submissions },
    ...Object.fromEntries(Object.entries(accessPorts).map(([service, port]) => [service, { host, port }])),
    ...(http && { http: { url: http } }),
    dns,
    accounts,
    ca,
    providers,
  };
  return `${JSON.stringify(ready)}\n`;
}

export function greetPerson({ dir, config, host, ports, accessPorts, http, accounts, ca, providers, dns }: LabFacts): string {
  const [alice] = accounts;
  const width = Math.max(...accounts.map(({ address }) => address.length));
  return `Posthorn lab: a mail server for example.org inside a simulated internet. Nothing leaves this machine.

  SMTP         ${host}:${ports.smtp}   (port 25: mail from outside)
  submission   ${host}:${ports.submission}   (STARTTLS, then log in)
  submissions  ${host}:${ports.submissions}   (TLS from the start)
${Object.entries(accessPorts).map(([service, port]) => `  ${service.padEnd(11)}  ${host}:${port}   (${ACCESS_NOTES[service as AccessListener]})`).join('\n')}
  web          ${http ?? 'off'}   (settings for mail programs, policies)
  DNS          ${dns.host}:${dns.port}
  CA           ${ca}
  folder       ${dir}

  accounts     ${accounts.map(({ address, password }) => `${address.padEnd(width)}   password ${password}`).join('\n               ')}
  providers    ${providers.map(({ name }) => name).join(', ')}

Three things to try, in a second terminal, in this folder:

  bin/posthorn send --config ${config} --from ${alice?.address} --to someone@gmail.com --subject Hello --text "Does it arrive?"
  bin/posthorn lab inbox gmail
  bin/posthorn trace someone@gmail.com --config ${config}
${mailboxSteps(host, accessPorts.imap, alice)}
Ctrl-C ends it.
`;
}

/** How the mailbox is read; nothing when the settings leave IMAP out. */
function mailboxSteps(host: string, port: number | undefined, alice: LabFacts['accounts'][number] | undefined): string {
  if (port === undefined || alice === undefined) return '';
  return `
And two for ${alice.address}'s mailbox, which any mail program on this machine can read:

  bin/posthorn lab deliver --to ${alice.address}
  curl --user ${alice.address}:${alice.password} "imap://${host}:${port}/INBOX;MAILINDEX=1"
`;
}
