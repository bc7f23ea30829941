/**
 * What a script wants done, as data. The interpreter does nothing itself: flow/sieve carries the list out, in order,
 * and `posthorn sieve test` prints it.
 */

/** RFC 5228 §2.10 and its extensions. A list never names one folder or one redirect address twice. */
export type SieveAction =
  | KeepAction
  | FileIntoAction
  | RedirectAction
  | DiscardAction
  | RejectAction
  | VacationAction
  | NotifyAction
  | RememberAction;

/**
 * The message after addheader, deleteheader (RFC 5293), replace and enclose (RFC 5703), as it stood when the action was
 * taken. `header` includes the empty line; `body` undefined: the body as received, from `bodyOffset` of the received bytes.
 */
export interface MessageEdition {
  readonly header: Buffer;
  readonly bodyOffset: number;
  readonly body: Buffer | undefined;
  /** What changed, one sentence each, for people. */
  readonly changes: readonly string[];
}

/** Of actions that pass the message on. */
interface Delivered {
  readonly line: number;
  /** Undefined: the message as received. */
  readonly edition: MessageEdition | undefined;
}

export interface KeepAction extends Delivered {
  readonly kind: 'keep';
  /** RFC 5228 §2.10.2: because nothing else took the message. */
  readonly implicit: boolean;
  /** RFC 5232: IMAP flags, without doubles; empty for most. */
  readonly flags: readonly string[];
}

export interface FileIntoAction extends Delivered {
  readonly kind: 'fileinto';
  /** As the script says it, UTF-8; when `mailboxId` or `specialUse` found a folder, that folder's name. */
  readonly folder: string;
  readonly flags: readonly string[];
  /** RFC 5490 §3.2: make the folder when it is not there. */
  readonly create: boolean;
  /** RFC 3894: the implicit keep stayed. */
  readonly copy: boolean;
  /** RFC 9042 §4, when the script names one. */
  readonly mailboxId?: string;
  /** RFC 8579 §4, when the script names one; with `create` a new folder gets it. */
  readonly specialUse?: string;
}

export interface RedirectAction extends Delivered {
  readonly kind: 'redirect';
  /** A valid address, local part as written. */
  readonly address: string;
  readonly copy: boolean;
  /** RFC 6009 `redirect-dsn`: NOTIFY and RET for the new envelope. */
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[];
  readonly returnContent?: 'full' | 'headers';
}

export interface DiscardAction {
  readonly kind: 'discard';
  readonly line: number;
}

export interface RejectAction {
  readonly kind: 'reject';
  readonly line: number;
  /** RFC 5429: `ereject` should refuse in the SMTP or LMTP dialogue; `reject` may answer with an MDN. */
  readonly form: 'reject' | 'ereject';
  readonly text: string;
}

/** RFC 5230. Whether to answer (list mail, own address, answered before) is decided by who carries it out. */
export interface VacationAction {
  readonly kind: 'vacation';
  readonly line: number;
  /** The text, or with `mime` a MIME entity with its header (RFC 5230 §4.4). */
  readonly reason: string;
  readonly mime: boolean;
  /** Undefined: `Auto: ` and the original subject (RFC 5230 §5.2). */
  readonly subject: string | undefined;
  /** A checked address or mailbox with name. */
  readonly from: string | undefined;
  /** Further addresses of the user (RFC 5230 §4.5). */
  readonly addresses: readonly string[];
  /** Same handle, same answer (RFC 5230 §4.7): the script's own, or a digest of the arguments. */
  readonly handle: string;
  /** Within the environment's bounds; 0: answer each message (RFC 6131 §2). */
  readonly periodSeconds: number;
}

/** RFC 5435 with the mailto method (RFC 5436). */
export interface NotifyAction {
  readonly kind: 'notify';
  readonly line: number;
  /** The URI as written. */
  readonly method: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** RFC 5436 §2.7: header fields of the URI that may be set. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** RFC 5435 §3.3. */
  readonly from: string | undefined;
  /** 1 high, 2 normal, 3 low (RFC 5435 §3.4). */
  readonly importance: 1 | 2 | 3;
  readonly options: readonly string[];
  /** Subject of the notification: `:message`, or that of the URI; undefined: made from the original's From and Subject. */
  readonly subject: string | undefined;
  readonly body: string | undefined;
}

/** RFC 7352 §3: note the id when everything went well. */
export interface RememberAction {
  readonly kind: 'remember';
  readonly line: number;
  /** A digest; what SievePorts.seen was asked for. */
  readonly key: string;
  readonly seconds: number;
}
