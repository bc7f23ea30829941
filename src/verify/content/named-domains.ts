/** The domains that DNS lists are asked about: that of From, and those of links. Pure. */
import { isIP } from 'node:net';
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { isWellFormedDomain } from '../domain-name.ts';
import { authorDomain } from '../dmarc/author-domain.ts';
import { registeredDomain } from './host-name.ts';
import type { MessageReading } from './message-reading.ts';

/** As registered, each once, that of From first. */
export function namedDomains({ header, links }: Pick<MessageReading, 'header' | 'links'>, most: number = CONTENT_LIMITS.askedDomainsMax): readonly string[] {
  const author = authorDomain(header.fields);
  const hosts = [...(author.kind === 'domain' ? [author.domain] : []), ...links.map(({ host }) => host)];
  const names = hosts.filter((host) => isIP(host) === 0 && isWellFormedDomain(host) && host.includes('.'));
  return [...new Set(names.map(registeredDomain))].slice(0, most);
}
