/** The table [http] of posthorn.toml: the web server of policies and settings for mail programs. */
import { z } from 'zod';
import { required, setting, table } from './setting.ts';
import * as value from './values.ts';

export interface HttpConfig {
  /** CIDR; whose X-Forwarded-For and X-Forwarded-Proto count. */
  readonly trustedProxies: readonly string[];
  /** Beside that of [tls]; chosen by the names inside. */
  readonly certificates: readonly { readonly certificate: string; readonly key: string }[];
}

export const DEFAULT_HTTP: HttpConfig = { trustedProxies: ['127.0.0.0/8', '::1/128'], certificates: [] };

const certificate = z.strictObject(
  {
    certificate: required(value.path(), 'PEM file with the certificate and its chain; shown to clients that ask for a name in it.'),
    key: required(value.path(), 'PEM file with its private key.'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

export const http = table('The web server of listen.http and listen.https.', {
  'trusted-proxies': setting(
    value.listOf(value.network()),
    'Web servers in front of this one, whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    ['127.0.0.0/8', '::1/128'],
  ),
  certificate: setting(
    z.array(certificate, { error: () => 'tables written as [[http.certificate]]' }),
    'Further certificates, for names that the certificate of [tls] does not have (mta-sts.DOMAIN), one table each.',
    [],
  ),
});

export function httpConfigOf(read: z.output<typeof http>, absolute: (path: string) => string): HttpConfig {
  return {
    trustedProxies: read['trusted-proxies'],
    certificates: read.certificate.map((pair) => ({ certificate: absolute(pair.certificate), key: absolute(pair.key) })),
  };
}
