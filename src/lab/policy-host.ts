/**
 * The web server of the lab's domains that publish an MTA-STS policy (RFC 8461 §3.3) and of services that answer in JSON: one
 * HTTPS listener on an address of its own, a certificate of the lab's authority for all their names, the page by Host field.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { LabAuthority } from './authority.ts';

export interface PolicyHostOptions {
  readonly address: string;
  readonly port: number;
  readonly authority: LabAuthority;
  /** The domains it serves. */
  readonly domains: readonly string[];
  /** Asked at each request, since the weather changes it. */
  readonly policy: (domain: string) => string | undefined;
  /** Other hosts at the same address, and what they answer: a JSON document, or undefined. */
  readonly services: { readonly names: readonly string[]; readonly page: (host: string, path: string) => Promise<unknown> };
}

export interface PolicyHost {
  stop(): Promise<void>;
}

const PATH = '/.well-known/mta-sts.txt';
const PREFIX = 'mta-sts.';

/** Rejects with the system's error when the address cannot be bound. */
export async function startPolicyHost({ address, port, authority, domains, policy, services }: PolicyHostOptions): Promise<PolicyHost> {
  const { certificatePem, keyPem } = authority.issue([...domains.map((domain) => `${PREFIX}${domain}`), ...services.names]);
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (services.names.includes(host)) return void answer(response, services.page(host, request.url ?? '/'));
    const text = request.url === PATH && host.startsWith(PREFIX) ? policy(host.slice(PREFIX.length)) : undefined;
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(text ?? 'not found\n');
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(response: ServerResponse, page: Promise<unknown>): Promise<void> {
  const found = await page.catch(() => undefined);
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(found ?? {}));
}
