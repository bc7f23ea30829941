/** Troubles of TLS in the lab: who publishes a policy (DANE: GMX, T-Online; MTA-STS: example.net) defers, the others deliver. */
import { deferred, delivered, testRows } from './scenarios-kit.ts';

const BY_DANE = /^451 4\.7\.[45] .*; required by the TLSA records of mx00\.gmx\.net \(DANE\)$/;
const BY_STS = /^451 4\.7\.[45] .*; required by the MTA-STS policy of example\.net$/;

testRows([
  deferred('dane-mismatch', 'a@gmx.net', BY_DANE, 'own.tls-policy'),
  delivered('dane-mismatch', 'a@gmail.com'),
  deferred('mta-sts-enforce', 'a@example.net', BY_STS, 'own.tls-policy'),
  delivered('mta-sts-enforce', 'a@gmx.net'),
  delivered('mta-sts-enforce', 'a@gmail.com'),
  deferred('mta-sts-mx-mismatch', 'a@example.net', /^451 4\.7\.5 no trusted TLS with mx\.example\.net: the MTA-STS policy of example\.net does not name/, 'own.tls-policy'),
  deferred('no-tls', 'a@gmx.net', BY_DANE, 'own.tls-policy'),
  deferred('no-tls', 'a@example.net', BY_STS, 'own.tls-policy'),
  deferred('tls-broken', 'a@example.net', BY_STS, 'own.tls-policy'),
  deferred('tls-expired', 'a@example.net', BY_STS, 'own.tls-policy'),
  delivered('tls-expired', 'a@gmx.net'),
  deferred('tls-broken', 'a@gmail.com', /^451 4\.7\.5 .*handshake failed.*; required by the profile of its site$/, 'own.tls-site'),
]);
