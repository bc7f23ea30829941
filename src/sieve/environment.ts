/**
 * What a run knows of the world, and the questions that it may ask. The interpreter has no clock, no store and no
 * network of its own; what costs nothing to know is in the environment, what must be looked up is behind SievePorts.
 */

export interface SieveEnvironment {
  /** Milliseconds since 1970: what `currentdate` tells. */
  readonly now: number;
  /** Minutes east of UTC of the local zone at a time: what `date` shows without :zone (RFC 5260 §4.1). */
  zoneMinutes(at: number): number;
  /**
   * RFC 5183 §4 items by lower-case name: `domain`, `host`, `location`, `name`, `phase`, `remote-host`, `remote-ip`,
   * `version`. An unknown item is absent, and a test on it false.
   */
  readonly items: Readonly<Record<string, string>>;
  /** RFC 5233: what parts user and detail; '' for none. */
  readonly detailSeparator: string;
  /** RFC 6131 §2: what :days and :seconds are brought into. */
  readonly vacation: { readonly periodMinSeconds: number; readonly periodDefaultSeconds: number; readonly periodMaxSeconds: number };
  /** RFC 5235: 0 (not looked at) or 1 … 10 and percent, and 0 … 5; undefined: not looked at. */
  readonly spam?: { readonly score: number; readonly percent: number };
  readonly virus?: number;
  /** Lower-case header fields that editheader may not delete, besides Received and Auto-Submitted (RFC 5293 §6). */
  readonly protectedHeaders?: readonly string[];
}

export type MaybeLater<T> = T | Promise<T>;

/** Answers are about the account that the script belongs to. What throws is a temporary failure of the whole run. */
export interface SievePorts {
  /** RFC 5490 §3.1: it is there, and mail may be put in. */
  folderExists(name: string): MaybeLater<boolean>;
  /** RFC 9042 §3: the name of the folder with this MAILBOXID. */
  folderById(mailboxId: string): MaybeLater<string | undefined>;
  /** RFC 8579 §4: the name of the folder to use for the attribute (`\Archive`). */
  folderForUse(specialUse: string): MaybeLater<string | undefined>;
  /** RFC 8579 §3: the attributes of a folder. */
  specialUsesOf(name: string): MaybeLater<readonly string[]>;
  /** RFC 5490 §3.3 and §4: value of an annotation of a folder, or of the server when `folder` is undefined. */
  annotation(folder: string | undefined, entry: string): MaybeLater<string | undefined>;
  /** RFC 7352 §3: the key was remembered and has not run out. `extend`: seeing it starts the time anew (:last). */
  seen(key: string, extend: { readonly seconds: number } | undefined): MaybeLater<boolean>;
  /** RFC 6609 §3.2: the source of another script. Undefined: there is none of that name. */
  script(location: 'personal' | 'global', name: string): MaybeLater<string | Uint8Array | undefined>;
  /** Called every few milliseconds of computing: comes back when others have had their turn. */
  pause(): MaybeLater<void>;
}

/** Knows nothing and has nothing: for checking and trying scripts. */
export const EMPTY_PORTS: SievePorts = {
  folderExists: () => false,
  folderById: () => undefined,
  folderForUse: () => undefined,
  specialUsesOf: () => [],
  annotation: () => undefined,
  seen: () => false,
  script: () => undefined,
  pause: () => undefined,
};
