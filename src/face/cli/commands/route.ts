/** `posthorn route …` */
import { resolve } from 'node:path';
import type { RouteTestResult, ShownRoute } from '../../../manage/route/route.ts';
import { group, leaf, type Registry } from '../command.ts';
import { secretFromStdin } from '../secret-input.ts';
import type { CommonOptions, Session } from '../session.ts';
import { tokenOrigin, type TokenOptions } from '../token-options.ts';

interface MatchOptions extends CommonOptions {
  readonly sender?: boolean;
}

interface AddOptions extends MatchOptions, TokenOptions {
  readonly to?: string;
  readonly refuse?: string;
  readonly lmtp?: string;
  readonly maildir?: string;
  readonly tls?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly accept?: boolean;
  readonly verify?: boolean;
}

const SENDER = 'the pattern is a sender: user@example.org, or @example.org for a whole domain';

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const route = group(registry, 'route', 'routes: add, list, remove, test');
  leaf<AddOptions>(registry, route, 'add', 'send the mail of some recipients (or senders) another way', '<pattern>', async (options, pattern) => {
    const result = await session.call<ShownRoute>(options, 'route.add', { pattern, ...(await addArguments(session, options)) });
    if (options.json) out.json(result);
    else out.line(`${result.pattern} → ${targetText(result)}${result.accept ? ', and mail from outside is accepted' : ''}`);
  })
    .option('--to <target>', '[host]:port for one host, host:port for its MX hosts, mx for the domain’s own')
    .option('--lmtp <target>', 'deliver by LMTP to host:port, or to the absolute path of a Unix socket')
    .option('--maildir <pattern>', 'deliver into Maildirs of this machine: %d is the domain, %n the local part, such as /srv/mail/%d/%n')
    .option('--refuse <text>', 'return such mail to the sender with this text, such as "5.7.1 not from here"')
    .option('--sender', SENDER)
    .option('--tls <level>', 'verify, opportunistic or none (default: verify with a user name, else opportunistic)')
    .option('--username <name>', 'log in as')
    .option('--password-stdin', 'read the password from standard input; it is kept in a file of mode 0600')
    .option('--password-file <file>', 'file that holds the password alone')
    .option('--token-file <file>', 'file with an OAuth access token that is kept fresh')
    .option('--token-url <url>', 'fetch OAuth access tokens there')
    .option('--client-id <id>', 'with --token-url')
    .option('--client-secret-file <file>', 'with --token-url, when the client has a secret')
    .option('--refresh-token-file <file>', 'with --token-url')
    .option('--accept', 'take mail from outside for this domain: we are its gateway or its backup MX')
    .option('--verify', 'with --accept: ask the inner server whether a recipient exists');
  leaf<CommonOptions>(registry, route, 'list', 'list the routes', '', async (options) => {
    const result = await session.call<{ routes: readonly ShownRoute[] }>(options, 'route.list', {});
    if (options.json) return out.json(result);
    const rows = result.routes.map((row) => [row.match, row.pattern, targetText(row), row.username ?? '', inwardText(row)]);
    out.table([{ title: 'By' }, { title: 'Pattern' }, { title: 'To' }, { title: 'Log-in' }, { title: 'From outside' }], rows, 'no routes yet; add one with: posthorn route add DOMAIN --to HOST');
  });
  leaf<MatchOptions>(registry, route, 'remove', 'remove a route', '<pattern>', async (options, pattern) => {
    const result = await session.call<{ pattern: string }>(options, 'route.remove', { pattern, ...matchOf(options) });
    if (options.json) out.json(result);
    else out.line(`${result.pattern} removed`);
  }).option('--sender', SENDER);
  leaf<CommonOptions>(registry, route, 'test', 'say which way a message would go, and why', '<sender> <recipient>', async (options, sender, recipient) => {
    const result = await session.call<RouteTestResult>(options, 'route.test', { sender, recipient });
    const bad = result.kind === 'undeliverable' || (result.because === 'hosted' && !result.accepted);
    if (options.json) out.json(result);
    else {
      out.line(result.to === undefined ? 'delivered here' : result.to);
      out.line(result.why);
    }
    return bad ? 1 : 0;
  });
}

async function addArguments(session: Session, options: AddOptions): Promise<Record<string, unknown>> {
  const path = (file: string): string => resolve(session.io.cwd, file);
  const args = {
    ...matchOf(options),
    to: options.to,
    refuse: options.refuse,
    lmtp: options.lmtp,
    maildir: options.maildir,
    tls: options.tls,
    username: options.username,
    password: options.passwordStdin ? await secretFromStdin(session) : undefined,
    passwordFile: options.passwordFile === undefined ? undefined : path(options.passwordFile),
    oauth: tokenOrigin(options, path),
    accept: options.accept,
    verify: options.verify,
  };
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

function matchOf({ sender }: MatchOptions): { readonly match?: 'sender' } {
  return sender ? { match: 'sender' } : {};
}

function targetText(route: ShownRoute): string {
  return route.reply ? `refuse: ${route.reply.enhanced} ${route.reply.text}` : route.to;
}

function inwardText({ accept, verify }: ShownRoute): string {
  if (!accept) return '';
  return verify ? 'accepted, recipients verified' : 'accepted';
}
