/** What a rehearsed warm-up tells: plain values, the same for the same options. */
export interface SimulationOptions {
  /** Default 30. */
  readonly days: number;
  readonly seed: number;
  /** Messages a day of the mailing in the end. */
  readonly volume: number;
  /** Messages of the first mailing, and the factor from day to day. */
  readonly firstMailing: number;
  readonly growth: number;
  /** Letters and notices a day. */
  readonly letters: number;
  /** Our addresses, and how many of them have sent for years: they are trusted with the full volume from the first day. */
  readonly ips: number;
  readonly warmIps: number;
  /** Of a thousand messages of the mailing, so many draw a complaint. */
  readonly complaintsPerThousand: number;
  /** False: everything goes out at once, to see what shaping is good for. */
  readonly shaping: boolean;
}

export interface SimulatedDay {
  /** From 1. */
  readonly day: number;
  /** Handed in on this day. */
  readonly wanted: number;
  readonly delivered: number;
  /** Attempts that the receiver put off. */
  readonly deferred: number;
  readonly expired: number;
  readonly complaints: number;
  /** Waiting at the end of the day. */
  readonly backlog: number;
  /** Messages a day that the receiver trusted the address with: of the model, no provider tells. */
  readonly trust: number;
  /** State of each address's lane at the end of the day. */
  readonly state: string;
  /** Of letters and notices: the longest wait of one delivered on this day, seconds. */
  readonly letterWaitSecondsMax: number;
}

export interface SimulatedReceiver {
  readonly key: string;
  readonly title: string;
  readonly days: readonly SimulatedDay[];
}

export interface SimulationResult {
  readonly options: SimulationOptions;
  readonly source: string;
  readonly receivers: readonly SimulatedReceiver[];
}
