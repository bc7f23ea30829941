/** The commented posthorn.toml that quickstart writes: what was chosen, and what one would change first. */

export interface QuickstartSettings {
  readonly hostname: string;
  readonly dataDir: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Public addresses to send from; empty: the system chooses. */
  readonly addresses: readonly string[];
}

/** Values are written as TOML basic strings, which JSON strings are (TOML 1.0, "String"). */
export function quickstartConfig(settings: QuickstartSettings): string {
  const { hostname, dataDir, certificateFile, keyFile, addresses } = settings;
  const text = JSON.stringify;
  return `# Configuration of Posthorn. Domains, accounts and aliases are not here: posthorn account|alias|domain --help
# After a change: posthorn serve takes it up on SIGHUP (listeners and names at the next start).

# Name in EHLO and banner. The PTR record of the address we send from must say the same.
hostname = ${text(hostname)}

# Mail, accounts and keys: this is the folder to back up.
data-dir = ${text(dataDir)}

[listen]
smtp = ["0.0.0.0:25", "[::]:25"]            # mail from other servers
submission = ["0.0.0.0:587", "[::]:587"]    # our users, STARTTLS and log-in
submissions = ["0.0.0.0:465", "[::]:465"]   # our users, TLS from the first byte

[tls]
# Made by quickstart and signed by nobody but itself: other servers accept it, mail programs warn.
# Put the files of a certificate for ${hostname} here (certbot: fullchain.pem and privkey.pem) and send SIGHUP.
certificate = ${text(certificateFile)}
key = ${text(keyFile)}

[networks]
# May send to anywhere without logging in. Keep it to this machine and networks you own.
trusted = ["127.0.0.0/8", "::1/128"]

[outbound]
# Without a PTR record for the IPv6 address, many providers refuse mail from it: then leave only "ipv4".
protocols = ["ipv4", "ipv6"]
${addresses.map((address) => `\n[[outbound.ip]]\naddress = ${text(address)}\n`).join('')}${addresses.length > 0 ? '' : NO_ADDRESS}
# A smarthost, for hosts that block port 25 outwards:
# [relay]
# host = "smtp.example.net"
# port = 587
# username = "…"
# password-file = "…"

[log]
format = "json"     # or "postfix", for pflogsumm and fail2ban
level = "info"
`;
}

const NO_ADDRESS = `
# The public address of this server was not found (is it behind NAT?). Name it, so that the DNS records can be told.
# It must be an address of this machine:
# [[outbound.ip]]
# address = "203.0.113.10"
`;
