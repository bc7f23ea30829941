/**
 * Routes: where the mail of some recipients or senders goes, and which domains are relayed inward.
 *
 * Policy: a password is sent only over verified TLS, so a user name and another `tls` are refused together. Mail from
 * outside is accepted only for whole domains that are named: never for `*`, for a sender, nor for a top-level domain.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { OauthSource } from '../../base/oauth-source.ts';
import type { Reply } from '../../contract/message.ts';
import type { RoutePlan } from '../../contract/queue.ts';
import type { RouteRule, RouteTarget } from '../../contract/routes.ts';
import type { RelayTarget } from '../../contract/sending.ts';
import { parseMailbox } from '../../mail/address.ts';
import { maildirPatternProblem } from '../../mail/maildir-path.ts';
import { routePattern } from '../../mail/route-pattern.ts';
import { createDirectory } from '../../store/directory.ts';
import { decideRoute, type RouteDecision } from '../../store/route-decision.ts';
import { parseRouteAim, routeAimText } from './route-target.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

/** What may be seen of a route; passwords are in files. */
export interface ShownRoute {
  readonly match: RouteRule['match'];
  readonly pattern: string;
  /** `mx`, `[host]:port`, `host:port`, `lmtp:[host]:port`, `lmtp:PATH`, `maildir:PATTERN` or `refuse`. */
  readonly to: string;
  readonly tls?: RelayTarget['tls'];
  readonly username?: string;
  readonly passwordFile?: string;
  readonly oauth?: OauthSource;
  /** For `refuse`. */
  readonly reply?: Reply;
  readonly accept: boolean;
  readonly verify: boolean;
}

export interface RouteTestResult {
  readonly sender: string;
  readonly recipient: string;
  readonly kind: RoutePlan['kind'];
  readonly to?: string;
  readonly because: 'hosted' | RouteDecision['because'];
  readonly route?: ShownRoute;
  /** Mail from outside is accepted for this recipient. */
  readonly accepted: boolean;
  /** One sentence for people. */
  readonly why: string;
}

const text = z.string().min(1).max(1000);
const path = z.string().min(1).max(4096);
const oauth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), tokenFile: path }),
  z.strictObject({
    kind: z.literal('refresh'), tokenUrl: z.url({ protocol: /^https$/ }), clientId: text, clientSecretFile: path.optional(),
    refreshTokenFile: path, scope: text.optional(),
  }),
]);

const addArgs = z.strictObject({
  match: z.enum(['recipient', 'sender']).default('recipient'),
  pattern: text,
  /** Exactly one of the four. */
  to: text.optional(),
  refuse: z.string().max(300).optional(),
  /** HOST:PORT, or the absolute path of a Unix socket. */
  lmtp: text.optional(),
  /** A pattern, mail/maildir-path.ts. */
  maildir: path.optional(),
  tls: z.enum(['verify', 'opportunistic', 'none']).optional(),
  username: text.optional(),
  password: z.string().min(1).max(4096).optional(),
  passwordFile: path.optional(),
  oauth: oauth.optional(),
  accept: z.boolean().default(false),
  verify: z.boolean().default(false),
});
type AddArgs = z.output<typeof addArgs>;

const add = defineVerb({
  name: 'route.add',
  summary: 'Sends the mail of some recipients, or of some senders, another way; replaces the route of the same pattern.',
  args: addArgs,
  run: async ({ store, clock, log }, args) => {
    const key = { match: args.match, pattern: checkedPattern(args) };
    checkTogether(args, key.pattern);
    const target = targetOf(args);
    if (args.verify && target.kind !== 'relay') throw wrong('verify-needs-relay', 'recipients are verified only at a server of your own: name one with --to HOST or --lmtp HOST:PORT');
    const passwordFile = args.password === undefined ? args.passwordFile : await store.routes.keepSecret(key, args.password);
    const whole: RouteTarget = target.kind === 'relay' && passwordFile !== undefined ? { ...target, relay: { ...target.relay, passwordFile } } : target;
    const rule: RouteRule = { ...key, target: whole, accept: args.accept, verify: args.verify, createdAt: clock.now() };
    await store.routes.put(rule);
    log.info('route.added', { match: rule.match, pattern: rule.pattern });
    return shown(rule);
  },
});

const list = defineVerb({
  name: 'route.list',
  summary: 'Lists the routes.',
  args: z.strictObject({}),
  run: async ({ store }) => ({ routes: (await store.routes.list()).map(shown) }),
});

const remove = defineVerb({
  name: 'route.remove',
  summary: 'Removes a route; its mail goes the ordinary way again.',
  args: z.strictObject({ match: z.enum(['recipient', 'sender']).optional(), pattern: text }),
  run: async ({ store, log }, args) => {
    const match = args.match ?? 'recipient';
    const pattern = checkedPattern({ match, pattern: args.pattern });
    await store.routes.remove({ match, pattern });
    log.info('route.removed', { match, pattern });
    return { match, pattern };
  },
});

const test = defineVerb({
  name: 'route.test',
  summary: 'Says which way a message from one address to another would go, and why.',
  args: z.strictObject({ sender: z.string().max(1000), recipient: text }),
  run: async (context, args): Promise<RouteTestResult> => {
    const sender = args.sender === '<>' ? '' : args.sender;
    if (sender !== '' && !parseMailbox(sender, { utf8: true })) throw wrong('address-refused', `${JSON.stringify(sender)} is not an address: write it like name@example.org, or <> for a bounce`);
    if (!parseMailbox(args.recipient, { utf8: true })) throw wrong('address-refused', `${JSON.stringify(args.recipient)} is not an address: write it like name@example.org`);
    return decide(context, sender, args.recipient);
  },
});

export const routeVerbs = [add, list, remove, test] as const;

async function decide({ store, config }: ManageContext, sender: string, recipient: string): Promise<RouteTestResult> {
  const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
  const { kind } = await directory.resolve(recipient);
  const addresses = { sender, recipient };
  if (kind !== 'remote' && kind !== 'relay') {
    const fate = kind === 'unknown' ? 'nobody there has this address' : kind === 'disabled' ? 'the account is disabled' : 'it is delivered here';
    return { ...addresses, kind: 'local', because: 'hosted', accepted: kind === 'mailbox' || kind === 'alias' || kind === 'service', why: `The domain is hosted here, and routes are for mail that leaves: ${fate}.` };
  }
  const { plan, because, rule } = await decideRoute({ config, routes: store.routes }, { sender, recipient: { address: recipient } });
  const to = planText(plan);
  return {
    ...addresses, kind: plan.kind, because, accepted: kind === 'relay',
    ...(to === undefined ? {} : { to }),
    ...(rule ? { route: shown(rule) } : {}),
    why: `${WHY[because](rule?.pattern ?? '')}${kind === 'relay' ? ' Mail from outside is accepted for this domain.' : ''}`,
  };
}

function planText(plan: RoutePlan): string | undefined {
  switch (plan.kind) {
    case 'smarthost':
      return routeAimText(plan);
    case 'mx':
      return `MX of ${plan.domain}`;
    case 'maildir':
      return `maildir:${plan.path}`;
    case 'undeliverable':
      return `refused: ${plan.reply.code} ${plan.reply.enhanced} ${plan.reply.text}`;
    case 'service':
      return `the service ${plan.service} of this server`;
    case 'local':
      return undefined;
  }
}

const WHY: Readonly<Record<RouteDecision['because'], (pattern: string) => string>> = {
  order: () => 'An administrator ordered it for this message.',
  recipient: (pattern) => `The route for the recipient ${pattern} holds; routes by recipient go before all others.`,
  sender: (pattern) => `The route for the sender ${pattern} holds; no route names the recipient.`,
  relay: () => 'No route names recipient or sender, so the relay of the configuration ([relay]) takes it.',
  mx: () => 'No route names recipient or sender and no relay is configured, so it goes to the mail servers of the domain.',
};

function checkedPattern({ match, pattern }: Pick<AddArgs, 'match' | 'pattern'>): string {
  const stored = routePattern(match, pattern);
  if (stored !== undefined) return stored;
  const allowed = match === 'sender' ? 'user@example.org or @example.org' : 'example.net, .example.net (the domains below), user@example.net or *';
  throw wrong('pattern-refused', `${JSON.stringify(pattern)} is no pattern for a ${match}: write it like ${allowed}`);
}

function checkTogether(args: AddArgs, pattern: string): void {
  const { to, refuse, lmtp, maildir, username, password, passwordFile } = args;
  const targets = [to, refuse, lmtp, maildir].filter((one) => one !== undefined).length;
  if (targets !== 1) throw wrong('target-missing', 'a route needs exactly one of --to HOST[:PORT] (or --to mx), --lmtp HOST:PORT, --maildir PATTERN and --refuse TEXT');
  if (lmtp !== undefined && username !== undefined) throw wrong('login-refused', 'there is no log-in over LMTP: leave --username out');
  const secrets = [password, passwordFile, args.oauth].filter((one) => one !== undefined).length;
  if (secrets > 1) throw wrong('too-many-secrets', 'give one of a password, a password file and a token');
  if (username !== undefined && secrets === 0) throw wrong('secret-missing', 'a user name needs --password-stdin, --password-file FILE or a token beside it');
  if (username === undefined && secrets > 0) throw wrong('username-missing', 'a password or token needs --username NAME beside it');
  if (username !== undefined && args.tls !== undefined && args.tls !== 'verify') throw wrong('tls-refused', 'with a user name TLS must be "verify" (or left out): a password is sent only over verified TLS');
  if (args.verify && !args.accept) throw wrong('verify-needs-accept', '--verify means something only together with --accept');
  if (!args.accept) return;
  const isWhole = args.match === 'recipient' && pattern !== '*' && !pattern.includes('@') && pattern.replace(/^\./, '').includes('.');
  if (!isWhole) throw wrong('accept-refused', '--accept needs a whole domain such as example.com or .example.com: anything more would be an open relay');
  if (refuse !== undefined) throw wrong('accept-refused', 'a route that refuses accepts nothing: leave --accept out');
}

function targetOf(args: AddArgs): RouteTarget {
  if (args.refuse !== undefined) return { kind: 'refuse', reply: replyOf(args.refuse) };
  if (args.maildir !== undefined) return { kind: 'maildir', path: maildirPattern(args) };
  if (args.lmtp !== undefined) return { kind: 'relay', relay: lmtpRelay(args.lmtp, args.tls) };
  const aim = parseRouteAim(args.to ?? '');
  if (!aim) throw wrong('target-refused', `${JSON.stringify(args.to)} is no target: write [host]:port for one host, host:port for its MX hosts, or mx`);
  if (aim.kind === 'mx') {
    if (args.username !== undefined) throw wrong('target-refused', 'a log-in is for a relay: mail servers that MX records name take none');
    return { kind: 'mx' };
  }
  const { host, port, lookup } = aim;
  const loggedIn = args.username !== undefined;
  return {
    kind: 'relay',
    relay: {
      host,
      // RFC 6409: who logs in does so at 587.
      port: port ?? (loggedIn ? 587 : 25),
      tls: args.tls ?? (loggedIn ? 'verify' : 'opportunistic'),
      ...(lookup ? { lookup } : {}),
      ...(args.username === undefined ? {} : { username: args.username }),
      ...(args.oauth === undefined ? {} : { oauth: args.oauth as OauthSource }),
    },
  };
}

function maildirPattern({ maildir = '', match }: AddArgs): string {
  if (match === 'sender') throw wrong('target-refused', 'a Maildir is for recipients: leave --sender out');
  const problem = maildirPatternProblem(maildir);
  if (problem !== undefined) throw wrong('target-refused', `${JSON.stringify(maildir)} is no pattern for Maildirs: ${problem}`);
  return maildir;
}

function lmtpRelay(aim: string, tls: RelayTarget['tls'] = 'opportunistic'): RelayTarget {
  if (aim.startsWith('/')) return { host: aim, port: 0, tls: 'none', protocol: 'lmtp' };
  const parsed = parseRouteAim(aim);
  if (parsed?.kind !== 'relay' || parsed.port === undefined) throw wrong('target-refused', `${JSON.stringify(aim)} is no LMTP server: write HOST:PORT, such as 127.0.0.1:24, or the absolute path of a Unix socket`);
  // An LMTP server is one host; nobody publishes MX records for it.
  return { host: parsed.host, port: parsed.port, tls, protocol: 'lmtp' };
}

/** `5.7.1 text` or the text alone; always a refusal for good. */
function replyOf(words: string): Reply {
  const match = /^(?:5\d\d +)?(5\.\d{1,3}\.\d{1,3})\s+(.*)$/s.exec(words.trim());
  const said = (match?.[2] ?? words).replace(/[^\x20-\x7e]+/g, ' ').trim();
  return { code: 550, enhanced: match?.[1] ?? '5.7.1', text: said === '' ? 'Mail to this address is not sent from here' : said };
}

function shown({ match, pattern, target, accept, verify }: RouteRule): ShownRoute {
  const common = { match, pattern, accept, verify };
  switch (target.kind) {
    case 'mx':
      return { ...common, to: 'mx' };
    case 'refuse':
      return { ...common, to: 'refuse', reply: target.reply };
    case 'maildir':
      return { ...common, to: `maildir:${target.path}` };
    case 'relay': {
      const { tls, username, passwordFile, oauth: source } = target.relay;
      return {
        ...common, to: routeAimText(target.relay), tls,
        ...(username === undefined ? {} : { username }),
        ...(passwordFile === undefined ? {} : { passwordFile }),
        ...(source === undefined ? {} : { oauth: source }),
      };
    }
  }
}

function wrong(code: string, message: string): Failure {
  return new Failure(code, message, { temporary: false });
}
