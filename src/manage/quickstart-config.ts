/** The posthorn.toml that quickstart writes: every setting with its help, those chosen here in force. */
import { formatToml, renderConfigTemplate } from '../config/template.ts';

export interface QuickstartSettings {
  readonly hostname: string;
  readonly dataDir: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Public addresses to send from; empty: the system chooses. */
  readonly addresses: readonly string[];
}

export function quickstartConfig(settings: QuickstartSettings): string {
  const [first, ...others] = settings.addresses;
  const text = renderConfigTemplate({
    hostname: settings.hostname,
    'data-dir': settings.dataDir,
    'listen.smtp': ['0.0.0.0:25', '[::]:25'],
    'listen.submission': ['0.0.0.0:587', '[::]:587'],
    'listen.submissions': ['0.0.0.0:465', '[::]:465'],
    'tls.certificate': settings.certificateFile,
    'tls.key': settings.keyFile,
    'networks.trusted': ['127.0.0.0/8', '::1/128'],
    ...(first === undefined ? {} : { 'outbound.ip.address': first }),
  });
  return text + others.map((address) => `\n# One more source address.\n[[outbound.ip]]\naddress = ${formatToml(address)}\n`).join('');
}
