/** The table [doctor] of posthorn.toml: what examinations may ask of others, and what others may ask of us. */
import { PROGRAMMES, type DoctorConfig, type Programme } from './doctor-config.ts';
import { optional, setting, table } from './setting.ts';
import * as value from './values.ts';

export const doctor = table('What `posthorn doctor` asks of others.', {
  prober: optional(value.plainText(), 'Address of a prober, which tries our port 25 from outside: the page that `posthorn prober` serves on a machine of a friend, such as "https://prober.example.net/port25".', 'none: whether port 25 can be reached is not known'),
  'offer-prober': setting(value.toggle(), 'Try the port 25 of whoever asks the web server of this server for /port25: for friends, who name it as their prober.', false),
  'name-server-port': setting(value.port(), 'Where name servers listen; another than 53 only in rehearsals.', 53),
  'safe-browsing-key-file': optional(value.path(), 'File with a key of the Google Safe Browsing API, mode 0600.', 'Safe Browsing is not asked'),
  'spamhaus-key-file': optional(value.path(), 'File with a key of Spamhaus’ Data Query Service (free for small servers), mode 0600: for machines whose name servers Spamhaus does not answer.', 'Spamhaus is asked by its public mirrors'),
  'abusix-key-file': optional(value.path(), 'File with a key of Abusix Mail Intelligence, mode 0600.', 'Abusix is not asked'),
  'test-address': setting(value.localPartStart(), 'Beginning of the addresses that anybody may write to and get a report with a score for, such as test-x7@your-domain; "" switches them off. An account or alias with such an address goes before.', 'test-'),
  enrolled: setting(value.listOf(value.choice(...PROGRAMMES)), 'Programmes of providers that you are enrolled in: Google Postmaster Tools, Yahoo’s complaint feedback loop, Microsoft SNDS and JMRP. See docs/guides/reputation.md.', []),
  'unsubscribe-test': setting(value.listOf(value.mailAddress()), 'Addresses of your own that get your bulk mail: only their unsubscribe links are used by the doctor to try whether unsubscribing works.', []),
});

interface DoctorTable {
  readonly prober?: string | undefined;
  readonly 'offer-prober': boolean;
  readonly 'name-server-port': number;
  readonly 'safe-browsing-key-file'?: string | undefined;
  readonly 'spamhaus-key-file'?: string | undefined;
  readonly 'abusix-key-file'?: string | undefined;
  readonly 'test-address': string;
  readonly enrolled: readonly Programme[];
  readonly 'unsubscribe-test': readonly string[];
}

export function doctorConfigOf(settings: DoctorTable, absolute: (path: string) => string): DoctorConfig {
  const { prober, 'safe-browsing-key-file': keyFile, 'spamhaus-key-file': spamhaus, 'abusix-key-file': abusix } = settings;
  return { offerProber: settings['offer-prober'], nameServerPort: settings['name-server-port'], testAddress: settings['test-address'], enrolled: [...new Set(settings.enrolled)], unsubscribeTest: settings['unsubscribe-test'].map((address) => address.toLowerCase()), ...(prober === undefined ? {} : { prober }), ...(keyFile === undefined ? {} : { safeBrowsingKeyFile: absolute(keyFile) }), ...(spamhaus === undefined ? {} : { spamhausKeyFile: absolute(spamhaus) }), ...(abusix === undefined ? {} : { abusixKeyFile: absolute(abusix) }) };
}

/** What is wrong with a prober's address; undefined: nothing. */
export function wrongProber(prober: string | undefined): string | undefined {
  if (prober === undefined) return undefined;
  const url = URL.canParse(prober) ? new URL(prober) : undefined;
  const local = url?.protocol === 'http:' && /^(?:127\.|\[::1\]|localhost$)/.test(url.hostname);
  return url?.protocol === 'https:' || local ? undefined : 'must be an address that begins with https:// (http:// only on this machine)';
}
