/** Which IP addresses belong to anybody on the internet: what a stranger may make this machine connect to. */
import { BlockList, isIP } from 'node:net';

/** IANA special-purpose registries (RFC 6890, RFC 8190): private, loopback, link-local, shared, documentation, multicast. */
const SPECIAL = listOf(
  [
    ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
    ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  ],
  // A check of an IPv4-mapped address looks at the rules for IPv4, too; IPv4-compatible ones, NAT64 and 6to4 carry IPv4 addresses of any kind.
  [['::', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 32], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20], ['5f00::', 16], ['fc00::', 7], ['fe80::', 10], ['fec0::', 10], ['ff00::', 8]],
);

/** RFC 1918, RFC 4193, link-local and loopback. */
const INNER = listOf([['10.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.168.0.0', 16]], [['::1', 128], ['fc00::', 7], ['fe80::', 10]]);

/** False also for what is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !SPECIAL.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Of a network that only its own site knows, or of the machine itself; documentation networks are not. */
export function isInnerAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && INNER.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1';
}

type Networks = readonly (readonly [network: string, bits: number])[];

function listOf(v4: Networks, v6: Networks): BlockList {
  const list = new BlockList();
  for (const [network, bits] of v4) list.addSubnet(network, bits, 'ipv4');
  for (const [network, bits] of v6) list.addSubnet(network, bits, 'ipv6');
  return list;
}
