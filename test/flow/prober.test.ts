/** Two friends: one runs a prober, the other's doctor asks it to dial port 25. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createDoctorNetwork } from '../../src/compose/doctor-network.ts';
import { startProber } from '../../src/compose/prober.ts';
import type { Config } from '../../src/config/config.ts';
import type { OutsideAnswer } from '../../src/contract/doctor-network.ts';
import { createWebServer } from '../../src/face/http/server.ts';
import { proberRoute } from '../../src/manage/doctor/prober-route.ts';
import { createZoneDns } from '../harness/zone-dns.ts';

const clock = new AdjustableClock();
let mail: Server;
let prober: Awaited<ReturnType<typeof startProber>>;

before(async () => {
  mail = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    socket.end('220 mail.example.org ready\r\n');
  });
  mail.listen(0, '127.0.0.1');
  await once(mail, 'listening');
  prober = await startProber({ listen: { address: '127.0.0.1', port: 0 }, mailPort: (mail.address() as AddressInfo).port, trustedProxies: [] }, { clock, log: silentLog });
});
after(async () => {
  await prober.close();
  mail.close();
});

async function outside(url: string): Promise<OutsideAnswer | undefined> {
  const config = { outbound: { protocols: ['ipv4'] }, outboundTls: { mtaStsPort: 443 }, doctor: { prober: url, nameServerPort: 53 } } as unknown as Config;
  const network = await createDoctorNetwork({ config, servers: [], dns: createZoneDns({}), clock });
  try {
    return await network.outside?.();
  } finally {
    network.close();
  }
}

describe('a prober', () => {
  it('tells whether the port of whoever asks can be reached', async () => {
    assert.deepEqual(await outside(prober.url), { kind: 'open', address: '127.0.0.1', greeting: '220 mail.example.org ready' });
  });

  it('looks at an address once in ten seconds', async () => {
    const again = await outside(prober.url);
    assert.equal(again?.kind, 'failure');
    assert.match(again?.kind === 'failure' ? again.detail : '', /429/);
  });

  it('dials the address that asks, whatever the question names', async () => {
    clock.advance(11_000);
    const answer = await fetch(prober.url, { method: 'POST', headers: { 'x-forwarded-for': '192.0.2.1' }, body: '{"address":"192.0.2.1","port":22}' });
    assert.equal(((await answer.json()) as { readonly address: string }).address, '127.0.0.1');
  });

  it('behind a proxy dials neither the proxy nor what is no address of the internet', async () => {
    const dialled: string[] = [];
    const route = proberRoute({ clock, probe: async ({ address }) => (dialled.push(address), { kind: 'failure', step: 'connect', reason: 'refused', detail: 'refused' }), mailPort: () => 25, clientKey: (address) => address, hostname: 'prober.example' });
    const web = createWebServer({ routes: () => [route], clock, log: silentLog, isProxy: (address) => address === '127.0.0.1', clientKey: (address) => address });
    const { port } = await web.listen('http', { address: '127.0.0.1', port: 0 });
    const ask = async (headers: Readonly<Record<string, string>>): Promise<number> => (await fetch(`http://127.0.0.1:${port}/port25`, { method: 'POST', headers })).status;
    assert.equal(await ask({}), 502);
    for (const inner of ['127.0.0.1', '127.0.0.2', '10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1', '169.254.169.254', '::1', 'fe80::1', 'localhost', '']) assert.equal(await ask({ 'x-forwarded-for': inner }), 502, inner);
    assert.deepEqual(dialled, []);
    assert.equal(await ask({ 'x-forwarded-for': '10.0.0.1, ::ffff:5.9.1.1' }), 200);
    assert.equal(await ask({ 'x-forwarded-for': '5.9.1.1' }), 429);
    assert.deepEqual(dialled, ['5.9.1.1']);
    await web.close(0);
  });

  it('says that a port is closed', async () => {
    clock.advance(11_000);
    mail.close();
    await once(mail, 'close');
    assert.equal((await outside(prober.url))?.kind, 'closed');
  });

  it('is nobody’s fault when it is not there', async () => {
    assert.equal((await outside('http://127.0.0.1:9/port25'))?.kind, 'failure');
  });
});
