/** `posthorn prober`: looks at the port 25 of those who ask, for friends whose doctor cannot look from outside. */
import { parseEndpoint } from '../../../config/values.ts';
import { leaf, type Registry, wholeNumber } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface ProberCommandOptions extends CommonOptions {
  readonly listen: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly proxy?: readonly string[];
  readonly mailPort: number;
}

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<ProberCommandOptions>(registry, registry.program, 'prober', 'let others have their port 25 tried from this machine (name its address as prober in their [doctor])', '', (options) => prober(session, options))
    .option('--listen <address:port>', 'where to listen', '127.0.0.1:8025')
    .option('--certificate <file>', 'serve https with this certificate (PEM); default: http, for a web server in front')
    .option('--key <file>', 'the private key of that certificate')
    .option('--proxy <network>', 'a web server in front whose X-Forwarded-For is believed; may be repeated (default: this machine)', (value: string, before?: readonly string[]) => [...(before ?? []), value])
    .option('--mail-port <n>', 'the port to try; another than 25 only in rehearsals', wholeNumber(1, 65_535), 25);
}

async function prober({ ports, out }: Session, { listen, certificate, key, proxy = ['127.0.0.0/8', '::1/128'], mailPort, json }: ProberCommandOptions): Promise<number> {
  const where = parseEndpoint(listen, 8025);
  if (!where) throw new UsageError(`--listen ${listen}: give an address and a port, such as 0.0.0.0:443`);
  if ((certificate === undefined) !== (key === undefined)) throw new UsageError('--certificate and --key belong together: give both');
  return ports.prober({ listen: where, mailPort, trustedProxies: proxy, ...(certificate !== undefined && key !== undefined ? { files: { certificate, key } } : {}) }, (url) => {
    if (json) out.json({ ready: true, url });
    else out.line(`Trying port ${mailPort} of whoever asks at ${url}. Ctrl-C ends it.`);
  });
}
