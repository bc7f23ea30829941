/** The lab's name server, asked by dig over UDP and TCP. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { blocklistZones } from '../../src/lab/dns/blocklists.ts';
import type { DnsFault } from '../../src/lab/dns/responder.ts';
import { startDnsServer, type DnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { missingTool } from '../harness/missing-tool.ts';

const run = promisify(execFile);

interface Lab {
  readonly server: DnsServer;
  fault: DnsFault;
}

async function withServer(work: (lab: Lab) => Promise<void>): Promise<void> {
  const zones = new Zones();
  zones.load([
    {
      apex: 'secure.example',
      secure: true,
      records: [
        { name: 'secure.example', type: 'MX', value: '10 mx.secure.example.' },
        { name: 'mx.secure.example', type: 'A', value: '127.0.0.77' },
        { name: 'www.deep.secure.example', type: 'CNAME', value: 'mx.secure.example.' },
        { name: 'long.secure.example', type: 'TXT', value: 'x'.repeat(3000) },
      ],
    },
    { apex: 'plain.example', records: [{ name: 'plain.example', type: 'TXT', value: '"v=spf1 " "-all"' }] },
    ...blocklistZones(new Map([['zen.spamhaus.org', [{ item: '127.0.0.10' }]]])),
  ], '127.0.0.1');
  const lab: Lab = {
    fault: 'none',
    server: await startDnsServer({ host: '127.0.0.1', port: 0, zones, clock: new SystemClock(), log: silentLog, fault: () => lab.fault }),
  };
  try {
    await work(lab);
  } finally {
    await lab.server.stop();
  }
}

async function dig(lab: Lab, ...args: string[]): Promise<string> {
  try {
    return (await run('dig', [`@${lab.server.host}`, '-p', String(lab.server.port), '+tries=1', '+time=30', ...args])).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('answers with records, follows aliases, and sets AD only for signed zones', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    assert.match(await dig(lab, 'MX', 'Secure.Example'), /status: NOERROR[^]*flags:[^;]* ad[^]*10 mx\.secure\.example\./);
    assert.match(await dig(lab, 'A', 'www.deep.secure.example'), /CNAME\s+mx\.secure\.example\.[^]*A\s+127\.0\.0\.77/);
    assert.doesNotMatch(await dig(lab, 'TXT', 'plain.example'), /flags:[^;]* ad/);
    assert.match(await dig(lab, '+short', 'TXT', 'plain.example'), /"v=spf1 " "-all"/);
  }));

test('tells names that do not exist from names without such records, each with an SOA', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    assert.match(await dig(lab, 'A', 'nowhere.plain.example'), /NXDOMAIN[^]*plain\.example\.\s+\d+\s+IN\s+SOA/);
    assert.match(await dig(lab, 'A', 'no-such-tld'), /NXDOMAIN[^]*\.\s+\d+\s+IN\s+SOA/);
    assert.match(await dig(lab, 'A', 'deep.secure.example'), /NOERROR[^]*SOA/);
  }));

test('truncates over UDP what does not fit, and serves it over TCP', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    const udp = await dig(lab, '+ignore', '+bufsize=1232', 'TXT', 'long.secure.example');
    assert.match(udp, /flags:[^;]* tc/);
    assert.match(udp, /ANSWER: 0/);
    assert.match(await dig(lab, '+bufsize=1232', 'TXT', 'long.secure.example'), /ANSWER: 1/);
  }));

test('the lists name their test entry, listed addresses, and nothing else', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    assert.equal((await dig(lab, '+short', '2.0.0.127.zen.spamhaus.org')).trim(), '127.0.0.2');
    assert.equal((await dig(lab, '+short', '10.0.0.127.zen.spamhaus.org')).trim(), '127.0.0.2');
    assert.match(await dig(lab, '1.0.0.127.zen.spamhaus.org'), /NXDOMAIN/);
    assert.equal((await dig(lab, '+short', 'test.dbl.spamhaus.org')).trim(), '127.0.1.2');
    assert.match(await dig(lab, 'invalid.dbl.spamhaus.org'), /NXDOMAIN/);
    assert.equal((await dig(lab, '+short', '2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org')).trim(), '127.0.0.2');
  }));

test('faults: SERVFAIL, silence, forced truncation', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    lab.fault = 'servfail';
    assert.match(await dig(lab, 'MX', 'secure.example'), /SERVFAIL/);
    lab.fault = 'drop';
    assert.match(await dig(lab, '+time=1', 'MX', 'secure.example'), /timed out|no servers could be reached/);
    lab.fault = 'truncate';
    assert.match(await dig(lab, '+ignore', 'MX', 'secure.example'), /flags:[^;]* tc/);
    assert.match(await dig(lab, 'MX', 'secure.example'), /10 mx\.secure\.example/);
  }));

test('what is above a zone exists, and every zone has a name server that resolves', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    for (const name of ['example', 'org', 'spamhaus.org']) {
      assert.match(await dig(lab, 'SOA', name), new RegExp(`NOERROR[^]*${name}\\.\\s+\\d+\\s+IN\\s+SOA`), name);
    }
    const server = (await dig(lab, '+short', 'NS', 'plain.example')).trim();
    assert.equal((await dig(lab, '+short', 'A', server)).trim(), '127.0.0.1');
    assert.equal((await dig(lab, '+short', 'TXT', '10.0.0.127.zen.spamhaus.org')).trim(), '"Listed by the simulated zen.spamhaus.org"');
  }));

test('odd questions get the answers of the RFCs', { skip: missingTool('dig') }, () =>
  withServer(async (lab) => {
    assert.match(await dig(lab, '+edns=5', '+noednsnegotiation', 'MX', 'secure.example'), /status: BADVERS/);
    assert.match(await dig(lab, 'CH', 'TXT', 'version.bind'), /status: REFUSED/);
    assert.match(await dig(lab, 'TYPE65280', 'secure.example'), /NOERROR[^]*SOA/);
    assert.match(await dig(lab, 'ANY', 'secure.example'), /SOA[^]*NS[^]*MX/);
    assert.doesNotMatch(await dig(lab, '+noedns', 'MX', 'secure.example'), /OPT PSEUDOSECTION/);
    assert.match(await dig(lab, '+opcode=notify', '+noedns', 'SOA', 'secure.example'), /status: NOTIMP/);
    assert.match(await dig(lab, '+tcp', '+keepopen', 'sEcUrE.eXaMpLe', 'MX', 'mx.secure.example', 'A'), /sEcUrE\.eXaMpLe\.\s+\d+\s+IN\s+MX/);
  }));
