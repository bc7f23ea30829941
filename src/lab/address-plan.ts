/** Who lives where in the lab: all in one 127.N.0.0/24, so that several labs can run beside each other. */
export interface AddressPlan {
  /** `127.N.0`. */
  readonly prefix: string;
  /** Our server's listeners and the DNS that it asks. */
  readonly server: string;
  /** The resolver address of everybody else: the same zones without dns-down and its kind. */
  readonly innerDns: string;
  readonly outside: string;
  /** Where MTA-STS policies are published. */
  readonly policyHost: string;
  /** By position in the catalogue. */
  readonly provider: (index: number) => string;
  readonly mailPort: number;
  readonly policyPort: number;
  /** Of providers' mailboxes. */
  readonly imapPort: number;
  readonly dnsPort: number;
}

/** `loopback` is `127.N.0.0`; throws a RangeError for anything else, or for ports that do not fit. */
export function addressPlan(loopback: string, portBase: number): AddressPlan {
  const found = /^127\.(\d{1,3})\.0\.0$/.exec(loopback);
  if (!found || Number(found[1]) > 255) throw new RangeError(`the lab lives in 127.N.0.0, not in "${loopback}"`);
  if (!Number.isInteger(portBase) || portBase < 1000 || portBase > 60_000) throw new RangeError(`the port base must be 1000 to 60000, not ${portBase}`);
  const prefix = `127.${Number(found[1])}.0`;
  return {
    prefix,
    server: `${prefix}.1`,
    innerDns: `${prefix}.3`,
    outside: `${prefix}.40`,
    policyHost: `${prefix}.50`,
    provider: (index) => `${prefix}.${21 + index}`,
    mailPort: portBase + 25,
    policyPort: portBase + 443,
    imapPort: portBase + 143,
    dnsPort: portBase + 53,
  };
}

/** The fence: true for 127.0.0.0/8 only. */
export function insideLab(address: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/.test(address);
}
