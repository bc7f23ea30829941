/** Scenarios about connections, TLS and DNS, against the whole server in the lab. */
import { bounced, deferred, delivered, testRows } from './scenarios-kit.ts';

testRows([
  deferred('refused-mx', 'a@gmail.com', /^451 4\.4\.2 lost connection/, 'own.lost'),
  deferred('busy-mx', 'a@gmail.com', /^421 4\.3\.2 /, 'any.busy'),
  deferred('full-disk', 'a@gmail.com', /^452 4\.3\.1 /, 'any.disk'),
  deferred('drop-after-data', 'a@gmail.com', /^451 4\.4\.2 lost connection/, 'own.in-doubt'),
  deferred('reply-lost', 'a@example.net', /^451 4\.4\.2 lost connection/, 'own.in-doubt'),
  bounced('mx-null', 'a@gmail.com', /^556 5\.1\.10 /, 'own.null-mx'),
  deferred('dns-servfail', 'a@gmail.com', /^451 4\.4\.3 /, 'own.dns-theirs'),
  bounced('mx-missing', 'a@example.net', /^550 5\.1\.2 /, 'own.no-mail-server'),
  { ...deferred('blackhole-mx', 'a@gmail.com', /^451 4\.4\.2 .*timed out while waiting for the greeting/, 'own.timeout'), stepMs: 7_000 },
  { ...deferred('dns-down', 'a@yahoo.com', /^451 4\.4\.3 /, 'own.dns-unreachable'), stepMs: 2_000 },
  { ...delivered('dns-slow', 'a@gmail.com'), stepMs: 500 },
  { ...delivered('slow-mx', 'a@gmail.com'), stepMs: 1_000 },
  { ...delivered('banner-delay', 'a@gmail.com'), stepMs: 5_000 },
  delivered('complaints', 'a@example.net'),
  delivered('dns-truncated', 'a@gmail.com'),
  delivered('no-tls', 'a@outlook.com'),
  delivered('tls-broken', 'a@outlook.com'),
  delivered('tls-expired', 'a@gmail.com'),
]);
