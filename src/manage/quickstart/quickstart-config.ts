/** The posthorn.toml that quickstart writes: every setting with its help, those chosen here in force. */
import { join } from 'node:path';
import { formatToml, renderConfigTemplate } from '../../config/template.ts';

export interface QuickstartSettings {
  readonly hostname: string;
  /** Added to addresses without a domain. */
  readonly domain: string;
  readonly dataDir: string;
  /** Public addresses to send from; empty: the system chooses. */
  readonly addresses: readonly string[];
}

export function quickstartConfig({ hostname, domain, dataDir, addresses }: QuickstartSettings): string {
  const [first, ...others] = addresses;
  const text = renderConfigTemplate({
    hostname,
    origin: domain,
    'data-dir': dataDir,
    'listen.smtp': ['0.0.0.0:25', '[::]:25'],
    'listen.submission': ['0.0.0.0:587', '[::]:587'],
    'listen.submissions': ['0.0.0.0:465', '[::]:465'],
    'listen.imap': ['0.0.0.0:143', '[::]:143'],
    'listen.imaps': ['0.0.0.0:993', '[::]:993'],
    'listen.pop3s': ['0.0.0.0:995', '[::]:995'],
    'listen.sieve': ['0.0.0.0:4190', '[::]:4190'],
    'tls.certificate': join(dataDir, 'tls', 'self-signed.pem'),
    'tls.key': join(dataDir, 'tls', 'self-signed.key'),
    ...(first === undefined ? {} : { 'outbound.ip.address': first }),
  });
  return text + others.map((address) => `\n# One more source address.\n[[outbound.ip]]\naddress = ${formatToml(address)}\n`).join('');
}
