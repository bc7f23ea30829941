/**
 * The name servers of the system: /etc/resolv.conf, of which only `nameserver` lines matter here (mail never uses the
 * search list: RFC 5321 §2.3.5 wants names in full). An empty or missing file means the local host, as resolv.conf(5) says.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { HostPort } from '../config/config.ts';

const SERVERS_MAX = 8;

export function parseResolvConf(text: string): readonly HostPort[] {
  const servers: HostPort[] = [];
  for (const line of text.split('\n')) {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && isIP(address) !== 0 && servers.length < SERVERS_MAX) servers.push({ address, port: 53 });
  }
  return servers.length > 0 ? servers : [{ address: '127.0.0.1', port: 53 }];
}

export function systemNameServers(file = '/etc/resolv.conf'): readonly HostPort[] {
  let text = '';
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    // A host without the file resolves at 127.0.0.1, as the C library does.
  }
  return parseResolvConf(text);
}
