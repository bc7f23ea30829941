/** What [doctor] of posthorn.toml says, apart from how it is read (doctor-settings.ts): threads that are told it read no settings. */

export interface DoctorConfig {
  /** Address of a prober that dials our port 25, https. Absent: none. */
  readonly prober?: string;
  /** Others may have their port 25 tried by this server. Default false. */
  readonly offerProber?: boolean;
  /** 53 outside of rehearsals. */
  readonly nameServerPort: number;
  /** Absolute path. Absent: Safe Browsing is not asked. */
  readonly safeBrowsingKeyFile?: string;
  /** Absolute paths. Absent: the list is asked without a key, or not at all. */
  readonly spamhausKeyFile?: string;
  readonly abusixKeyFile?: string;
  /** Local parts that begin with it are the mail-tester's; '' switches it off. */
  readonly testAddress: string;
  /** Programmes of providers that this server's owner says to be enrolled in. */
  readonly enrolled?: readonly Programme[];
  /** Addresses of our own whose unsubscribe links may be used for trying them. */
  readonly unsubscribeTest?: readonly string[];
}

/** Google Postmaster Tools, Yahoo's complaint feedback loop, Microsoft SNDS and JMRP. */
export const PROGRAMMES = ['google', 'yahoo', 'microsoft'] as const;
export type Programme = (typeof PROGRAMMES)[number];

export const DEFAULT_DOCTOR: DoctorConfig = { nameServerPort: 53, testAddress: 'test-' };
