/**
 * Every command, in the order of the help. A file is loaded only when its command is called, so that help is quick and a
 * drop-in does not wait for what it does not use. To add a command: write its file, add its line.
 */
import type { Registry } from '../command.ts';
import type { Session } from '../session.ts';

/** Runs with the raw arguments: its option letters are older than ours. */
export interface DropIn {
  run(args: readonly string[], session: Session): Promise<number>;
}

export type CommandEntry =
  | { readonly kind: 'command'; readonly name: string; readonly summary: string; load(): Promise<{ add(registry: Registry): void }> }
  | { readonly kind: 'drop-in'; readonly name: string; readonly summary: string; readonly usage: readonly string[]; load(): Promise<DropIn> };

/** As the help shows them: what is needed first comes first. */
export const COMMAND_GROUPS: readonly { readonly heading: string; readonly commands: readonly CommandEntry[] }[] = [
  {
    heading: 'Running it:',
    commands: [
      { kind: 'command', name: 'quickstart', summary: 'set a real server up: configuration, keys, first account, DNS records', load: () => import('./quickstart.ts') },
      { kind: 'command', name: 'serve', summary: 'run the server', load: () => import('./serve.ts') },
      { kind: 'command', name: 'lab', summary: 'run the simulated internet and a server in it, or change its weather', load: () => import('./lab.ts') },
      { kind: 'command', name: 'version', summary: 'print the version', load: () => import('./version.ts') },
    ],
  },
  {
    heading: 'Writing and reading:',
    commands: [
      { kind: 'command', name: 'send', summary: 'write a message and hand it to the server', load: () => import('./send.ts') },
      {
        kind: 'drop-in',
        name: 'mail',
        summary: 'read and write mail, as mailx does',
        usage: [
          'mail [-s SUBJECT] [-a FILE] [-A HEADER] [-c ADDR] [-b ADDR] [-r FROM] [-q FILE] ADDRESS…   write; the text is read from stdin',
          'mail [-u ACCOUNT] [-f FOLDER] [-H] [-e]                                                    read, ask with ? for the commands',
          'mail list|read|reply|delete --account ACCOUNT [--folder F] [--json]                        for scripts',
          'mail search ADDRESS QUERY… [--folder F] [--json]      words, from: to: subject: body: since: before: larger: is:unread -word',
          'mail undelete ADDRESS [--folder F] [--since 2d] [--list] [--json]   bring expunged mail back, or list it',
          'mail keep ADDRESS [FOLDER 30d|forever|default]        how long mail stays in a folder',
          'mail expire                                           let mail go whose time in Trash and Junk is over (done each hour)',
        ],
        load: () => import('../../drop-in/mail.ts'),
      },
      {
        kind: 'drop-in',
        name: 'sendmail',
        summary: 'hand a message from stdin to the server, with the options of sendmail',
        usage: [
          'sendmail [-t] [-i] [-f SENDER] [-F NAME] [-N dsn] [-R full|hdrs] [-V ID] [-XV[+=]] [-B 7BIT|8BITMIME] [-v] [--] ADDRESS…',
          'sendmail -bp | -bs | -bv | -bi | -q      queue list, SMTP on stdin, verify addresses, newaliases, try the queue now',
        ],
        load: () => import('../../drop-in/sendmail.ts'),
      },
      { kind: 'drop-in', name: 'mailq', summary: 'list the queue as Postfix does', usage: ['mailq'], load: () => import('../../drop-in/mailq.ts') },
    ],
  },
  {
    heading: 'Domains, accounts and their mailboxes:',
    commands: [
      { kind: 'command', name: 'domain', summary: 'domains: add, list, catch-all, check, remove', load: () => import('./domain.ts') },
      { kind: 'command', name: 'account', summary: 'accounts: add, list, show, password, app-password, totp, logins, quota, share, enable, disable, remove', load: () => import('./account.ts') },
      { kind: 'command', name: 'alias', summary: 'aliases: add, list, remove', load: () => import('./alias.ts') },
      { kind: 'command', name: 'rules', summary: 'rules, automatic answers and forwarding of an account, without writing Sieve', load: () => import('./rules.ts') },
      { kind: 'command', name: 'sieve', summary: 'Sieve scripts: check, test, convert, list, show, put, activate, deactivate, remove', load: () => import('./sieve.ts') },
    ],
  },
  {
    heading: 'Moving mail, and keeping it safe:',
    commands: [
      { kind: 'command', name: 'import', summary: 'mail from elsewhere into an account: maildir, mbox, imap', load: () => import('./import.ts') },
      { kind: 'command', name: 'export', summary: 'the mail of an account as files: maildir, mbox', load: () => import('./export.ts') },
      { kind: 'command', name: 'backup', summary: 'backups of everything, while the server runs: make, list, check', load: () => import('./backup.ts') },
      { kind: 'command', name: 'restore', summary: 'what a backup holds: a whole server, an account, a folder, one message', load: () => import('./restore.ts') },
      { kind: 'command', name: 'verify', summary: 'prove that every stored message can be read and every index is true', load: () => import('./verify.ts') },
    ],
  },
  {
    heading: 'Mail on its way:',
    commands: [
      { kind: 'command', name: 'queue', summary: 'the queue: list, show, why, retry, hold, release, bounce, delete, reroute, stats, pause, resume, pauses', load: () => import('./queue.ts') },
      { kind: 'command', name: 'trace', summary: 'the timeline of a message, with the meaning of every reply', load: () => import('./trace.ts') },
      { kind: 'command', name: 'explain', summary: 'what a reply of another server, a mail log or a bounce tells, and what to do', load: () => import('./explain.ts') },
      { kind: 'command', name: 'route', summary: 'routes: which relay takes the mail of which recipients and senders', load: () => import('./route.ts') },
      { kind: 'command', name: 'quota', summary: 'what accounts may send: set, show, list', load: () => import('./quota.ts') },
      { kind: 'command', name: 'brake', summary: 'accounts stopped because they suddenly write to many strangers: list, release', load: () => import('./brake.ts') },
      { kind: 'command', name: 'suppression', summary: 'addresses that are not written to: list, add, remove, import, export', load: () => import('./suppression.ts') },
      { kind: 'command', name: 'srs', summary: 'return paths of forwarded mail: keys, rotate, decode', load: () => import('./srs.ts') },
    ],
  },
  {
    heading: 'Reputation: DNS, signatures, addresses:',
    commands: [
      { kind: 'command', name: 'preflight', summary: 'what a receiver would answer to a message, before it is sent', load: () => import('./preflight.ts') },
      { kind: 'command', name: 'score', summary: 'the mail-tester: a message scored out of 10, each point with its fix; an address to write to', load: () => import('./score.ts') },
      { kind: 'command', name: 'doctor', summary: 'will mail arrive, and if not, what to change: checks, a score, fixes', load: () => import('./doctor.ts') },
      { kind: 'command', name: 'prober', summary: 'let friends have their port 25 tried from this machine', load: () => import('./prober.ts') },
      { kind: 'command', name: 'guard', summary: 'the server examines itself each day: status, history, run, acknowledge', load: () => import('./guard.ts') },
      { kind: 'command', name: 'dns', summary: 'DNS records over all domains: records, check, plan, apply, undo, history, policy', load: () => import('./dns.ts') },
      { kind: 'command', name: 'spf', summary: 'SPF as a receiver sees it: check, explain, whatif, build, flatten', load: () => import('./spf.ts') },
      { kind: 'command', name: 'dkim', summary: 'keys: create, rotate, check; verifying signatures, and why they fail', load: () => import('./dkim.ts') },
      { kind: 'command', name: 'dmarc', summary: 'DMARC as a receiver sees it: check, explain, report, and a plan to p=reject', load: () => import('./dmarc.ts') },
      { kind: 'command', name: 'arc', summary: 'verify the ARC chain of a message', load: () => import('./arc.ts') },
      { kind: 'command', name: 'tls', summary: 'TLS between mail servers: what domains publish (MTA-STS, TLS-RPT, DANE, CAA), and what is kept', load: () => import('./tls.ts') },
      { kind: 'command', name: 'bimi', summary: 'the logo that mail programs show beside the sender: check, record', load: () => import('./bimi.ts') },
      { kind: 'command', name: 'autoconfig', summary: 'settings that mail programs find by themselves: check', load: () => import('./autoconfig.ts') },
      { kind: 'command', name: 'report', summary: 'reports of receivers about our mail (dmarc, tls, arf), and ours to them', load: () => import('./report.ts') },
      { kind: 'command', name: 'probe', summary: 'how the server of an address answers a sender, stopped before DATA', load: () => import('./probe.ts') },
      { kind: 'command', name: 'placement', summary: 'where our mail arrives at providers, seen in mailboxes of your own there', load: () => import('./placement.ts') },
      { kind: 'command', name: 'ip', summary: 'our own addresses, on lists and with each site: check, list, show, pause, resume, reopen', load: () => import('./ip.ts') },
      { kind: 'command', name: 'metrics', summary: 'counts and gauges for monitoring', load: () => import('./metrics.ts') },
    ],
  },
];

export const COMMANDS: readonly CommandEntry[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
