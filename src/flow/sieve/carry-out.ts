/**
 * The list of actions of a script, carried out for one message: copies, messages to send, things to remember, and the one
 * verdict. Nothing happens here; everything is part of the commit that settles the recipient.
 *
 *   keep, fileinto     a copy in a folder, which is made when it is missing (RFC 5228 §4.1 leaves that to us)
 *   redirect           another message in the queue (redirect.ts); one that cannot be sent on is kept
 *   discard            no copy; the timeline says so
 *   reject, ereject    the recipient has failed: the sender gets a DSN with the text, if it is one we believe (RFC 5429
 *                      §2.1.2); else the message lies in Junk, because a report could hit somebody who never wrote
 *   vacation, notify   another message in the queue, unless the account has sent too much
 */
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Directory } from '../../contract/directory.ts';
import type { FilterRequest, FilterVerdict } from '../../contract/local-filter.ts';
import type { FolderStore } from '../../contract/mailbox.ts';
import type { MailboxDeposit, NewQueueItem, ScriptMemory } from '../../contract/queue.ts';
import { addressKey } from '../../mail/address.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import { parseHeader, type HeaderField } from '../../mail/header.ts';
import { REFUSED_BY_RECIPIENT } from '../../mail/reply-meaning/our-side.ts';
import type { FileIntoAction, KeepAction, NotifyAction, RejectAction, SieveAction, VacationAction } from '../../sieve/action.ts';
import type { SieveMessage } from '../../sieve/script.ts';
import type { ScriptStore } from '../../store/clients/scripts.ts';
import { normalizeFlags, normalizeFolderName } from '../../store/folder-name.ts';
import { AnswersUnderWay } from './answers-under-way.ts';
import { automaticMail, type AutomaticMail } from './automatic-mail.ts';
import { copyFor } from './copies.ts';
import { notification } from './notification.ts';
import { redirect, type RedirectPorts } from './redirect.ts';
import { vacationKey, vacationMessage, vacationObstacle } from './vacation.ts';

export interface CarryOutPorts extends RedirectPorts {
  readonly config: Pick<Config, 'hostname' | 'sieve' | 'queue'>;
  readonly directory: Directory;
  readonly folders: Pick<FolderStore, 'create' | 'find' | 'list'>;
  readonly scripts: Pick<ScriptStore, 'remembers'>;
  readonly sign: AutomaticMail['sign'];
  readonly answering: AnswersUnderWay;
  /** What of the account may go out now: as it is, held, or not at all. */
  readonly within: (account: string, items: readonly NewQueueItem[]) => Promise<WithinLimits>;
  readonly clock: Clock;
  readonly log: Log;
}

export type WithinLimits = { readonly kind: 'items'; readonly items: readonly NewQueueItem[] } | { readonly kind: 'too-much'; readonly why: string };

export interface CarriedOut {
  readonly verdict: Pick<FilterVerdict, 'status' | 'scope' | 'reply' | 'deposit'>;
  readonly deposits: readonly MailboxDeposit[];
  readonly enqueue: readonly NewQueueItem[];
  readonly remember: readonly ScriptMemory[];
  /** What was not done, and why. */
  readonly notes: readonly string[];
}

export class CarryOut {
  readonly #ports: CarryOutPorts;
  readonly #request: FilterRequest;
  readonly #message: SieveMessage;
  readonly #fields: readonly HeaderField[];
  readonly #now: number;
  /** By folder: none gets two. */
  readonly #copies = new Map<string, MailboxDeposit>();
  readonly #enqueue: NewQueueItem[] = [];
  readonly #remember: ScriptMemory[] = [];
  readonly #notes: string[] = [];
  readonly #words: string[] = [];

  constructor(ports: CarryOutPorts, request: FilterRequest, message: SieveMessage) {
    this.#ports = ports;
    this.#request = request;
    this.#message = message;
    this.#fields = parseHeader(message.header).fields;
    this.#now = ports.clock.now();
  }

  async carryOut(actions: readonly SieveAction[]): Promise<CarriedOut> {
    const refusal = actions.find((action) => action.kind === 'reject');
    if (refusal && this.#mayRefuse()) return this.#refused(refusal);
    for (const action of actions) await this.#one(action);
    const [first, ...others] = this.#copies.values();
    const text = this.#words.length === 0 ? 'discarded by the script of the recipient' : this.#words.join(', ');
    return {
      verdict: { status: 'delivered', scope: 'recipient', reply: { code: 250, enhanced: '2.0.0', text }, ...(first && { deposit: first }) },
      deposits: others,
      enqueue: this.#enqueue,
      remember: this.#remember,
      notes: this.#notes,
    };
  }

  async #one(action: SieveAction): Promise<void> {
    switch (action.kind) {
      case 'keep':
        // An explicit keep names the inbox; the implicit one leaves junk where it goes (RFC 5228 §2.10.2).
        return this.#copy(action, action.implicit ? this.#request.folder : 'INBOX');
      case 'fileinto':
        return this.#fileInto(action);
      case 'redirect':
        return this.#redirect(action);
      case 'discard':
        return undefined;
      case 'reject':
        this.#notes.push('not refused: a report could reach somebody who never wrote; kept in Junk');
        return this.#copy({ ...action, kind: 'keep', implicit: false, flags: [], edition: undefined }, 'Junk');
      case 'vacation':
        return this.#answer(action);
      case 'notify':
        return this.#notify(action);
      case 'remember':
        this.#remember.push({ account: this.#request.account, kind: 'duplicate', key: action.key, expiresAt: this.#now + action.seconds * 1000 });
    }
  }

  async #copy(action: KeepAction | FileIntoAction, folder: string): Promise<void> {
    const known = this.#copies.get(folder);
    const flags = this.#flags(action.flags);
    if (known) {
      this.#copies.set(folder, { ...known, flags: [...new Set([...known.flags, ...flags])] });
      return;
    }
    this.#copies.set(folder, await copyFor(this.#request, this.#message.content, this.#message.header, action.edition, { folder, flags }, this.#now));
    this.#words.push(`delivered to ${folder}`);
  }

  #flags(flags: readonly string[]): readonly string[] {
    return flags.filter((flag) => {
      try {
        return normalizeFlags([flag]).length > 0;
      } catch {
        this.#notes.push(`${JSON.stringify(flag)} is no flag, and was left out`);
        return false;
      }
    });
  }

  async #fileInto(action: FileIntoAction): Promise<void> {
    const { account, folder: usual } = this.#request;
    try {
      const folder = normalizeFolderName(action.folder);
      if (action.specialUse !== undefined && action.create && !(await this.#ports.folders.find(account, folder))) {
        await this.#ports.folders.create(account, folder, { specialUse: [action.specialUse] });
      }
      return await this.#copy(action, folder);
    } catch (error) {
      if (!(error instanceof Failure) || error.temporary) throw error;
      this.#notes.push(`not filed into ${JSON.stringify(action.folder)}: ${error.message}; kept in ${usual}`);
      return this.#copy(action, usual);
    }
  }

  async #redirect(action: Extract<SieveAction, { kind: 'redirect' }>): Promise<void> {
    const { message, folder } = this.#request;
    const keep = (why: string): Promise<void> => {
      this.#notes.push(`not sent on to ${action.address}: ${why}; kept in ${folder}`);
      return this.#copy({ ...action, kind: 'keep', implicit: false, flags: [] }, folder);
    };
    if (message.junk) return keep('the message was judged to be junk');
    const result = await redirect(this.#ports, this.#request, this.#message.content, action, this.#now);
    if (result.kind === 'self') return this.#copy({ ...action, kind: 'keep', implicit: false, flags: [] }, folder);
    if (result.kind === 'impossible') return keep(result.why);
    const within = await this.#ports.within(this.#request.account, result.items);
    if (within.kind === 'too-much') return keep(within.why);
    this.#enqueue.push(...within.items);
    this.#words.push(`sent on to ${action.address}`);
  }

  /** Nobody is told of a refusal whom we have no reason to believe. */
  #mayRefuse(): boolean {
    const { sender, senderBelieved, junk } = this.#request.message;
    return sender !== '' && senderBelieved && !junk;
  }

  #refused({ text }: RejectAction): CarriedOut {
    const reply = { code: 550, enhanced: '5.7.1', text: `${REFUSED_BY_RECIPIENT}${text.replace(/\r\n?/g, '\n').trim() || 'the message is not wanted'}` };
    return { verdict: { status: 'failed', scope: 'recipient', reply }, deposits: [], enqueue: [], remember: [], notes: [] };
  }

  async #answer(action: VacationAction): Promise<void> {
    const { account, message, recipient } = this.#request;
    const named = recipient.via ?? recipient.address;
    const believed = message.senderBelieved || message.origin.kind === 'lmtp';
    const obstacle = vacationObstacle({ fields: this.#fields, sender: message.sender, believed, junk: message.junk === true, own: [account, recipient.address, named], action });
    if (obstacle !== undefined) return void this.#notes.push(`no vacation answer: ${obstacle}`);
    const key = vacationKey(message.sender, action.handle);
    const memory = { account, kind: 'vacation', key } as const;
    const known = action.periodSeconds > 0 && (await this.#ports.scripts.remembers({ ...memory, at: this.#now }));
    if (known || !this.#ports.answering.begin(`${account} ${key}`, message.id, action.periodSeconds * 1000)) return void this.#notes.push('no vacation answer: the sender has had it already');
    const from = await this.#ownSender(action.from, named);
    const messageId = this.#messageId();
    const content = vacationMessage({ fields: this.#fields, action, from, to: message.sender, messageId, now: this.#now });
    if (!(await this.#send({ sender: '', recipients: [message.sender], headerFrom: from.address, messageId, content }))) return;
    if (action.periodSeconds > 0) this.#remember.push({ ...memory, expiresAt: this.#now + action.periodSeconds * 1000 });
  }

  async #notify(action: NotifyAction): Promise<void> {
    const { account, message, recipient } = this.#request;
    const from = await this.#ownSender(action.from, recipient.via ?? account);
    const messageId = this.#messageId();
    const made = notification({ action, fields: this.#fields, account, from, messageId, now: this.#now, junk: message.junk === true });
    if (made.kind === 'none') return void this.#notes.push(`no notification: ${made.why}`);
    // RFC 5436 §2.7.1: a message without a sender must not make one with a sender.
    await this.#send({ sender: message.sender === '' ? '' : account, recipients: made.recipients, headerFrom: from.address, messageId, content: made.content });
  }

  /** Nobody sends as an address that is not theirs, whatever a script says. */
  async #ownSender(wanted: string | undefined, otherwise: string): Promise<{ readonly name?: string; readonly address: string }> {
    const [given] = wanted === undefined ? [] : parseAddressList(wanted);
    if (!given) return { address: otherwise };
    const isOwn = addressKey(given.address) === addressKey(otherwise) || (await this.#ports.directory.maySendAs(this.#request.account, given.address));
    if (!isOwn) this.#notes.push(`${given.address} is not the owner's: sent as ${otherwise}`);
    return { ...(given.name !== undefined && { name: given.name }), address: isOwn ? given.address : otherwise };
  }

  #messageId(): string {
    return `<${this.#ports.queueId(this.#now)}@${this.#ports.config.hostname}>`;
  }

  /** False: it may not go out. */
  async #send(mail: Pick<AutomaticMail, 'sender' | 'recipients' | 'headerFrom' | 'messageId' | 'content'>): Promise<boolean> {
    const { directory, config, sign, queueId, within } = this.#ports;
    const recipients: string[] = [];
    for (const address of mail.recipients) {
      const resolution = await directory.resolve(address);
      recipients.push(...(resolution.kind === 'alias' ? resolution.targets : [address]));
    }
    const item = await automaticMail({ ...mail, recipients: [...new Set(recipients)], id: queueId(this.#now), about: this.#request.message.id, now: this.#now, lifetimeMs: config.queue.bounceLifetimeMs, sign });
    const result = await within(this.#request.account, [item]);
    if (result.kind === 'too-much') this.#notes.push(`nothing sent to ${mail.recipients.join(', ')}: ${result.why}`);
    else this.#enqueue.push(...result.items);
    return result.kind === 'items';
  }
}
