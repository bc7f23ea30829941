/** A server that changes DKIM keys by itself: it publishes at a real BIND, waits, switches, takes the old record out. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { dkimChore } from '../../src/compose/dkim-chore.ts';
import { startServer, type RunningServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { missingServer, startBind, type Bind } from '../harness/bind.ts';

const ADDRESS = '127.0.0.1';
const skip = missingServer();
const DAY = 86_400_000;

interface Rotation {
  readonly phase: string;
  readonly oldSelector: string;
  readonly newSelector: string;
  readonly status: string;
  readonly trouble: string;
}

let bind: Bind;
let server: RunningServer;
// Updates are signed with the time, which has to be that of BIND.
const clock = new SystemClock();
const folder = mkdtempSync(join(tmpdir(), 'posthorn-keys-'));

function config(dkim = ''): ReturnType<typeof loadConfig> {
  const file = join(folder, 'posthorn.toml');
  const provider = `[[dns.provider]]\ntype = "rfc2136"\nlabel = "bind"\nserver = "${bind.address}:${bind.port}"\nkey-name = "${bind.keyName}"\nsecret-file = "key"\n`;
  writeFileSync(file, `hostname = "mail.host.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[dkim]\n${dkim}\n[dns]\nservers = ["${bind.address}:${bind.port}"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n${provider}`);
  return loadConfig(file);
}

before(async () => {
  if (skip) return;
  bind = await startBind(ADDRESS, { 'one.example': '@ IN MX 10 mail.host.example.\n@ IN TXT "foreign"', 'elsewhere.example': '@ IN MX 10 mx.provider.example.', 'host.example': 'mail IN A 203.0.113.10' });
  writeFileSync(join(folder, 'key'), `${bind.secret}\n`, { mode: 0o600 });
  server = await startServer({ config: config(), clock, log: silentLog, verbs });
  for (const domain of ['one.example', 'elsewhere.example']) await call('domain.add', { domain });
  await call('dns.apply', { request: { domains: ['one.example'] } });
});
after(async () => {
  if (skip) return;
  await server.stop();
  await bind.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function call<T>(verb: string, args: unknown): Promise<T> {
  const outcome = await runVerb(verbs, server.context, verb, args);
  return outcome.kind === 'done' ? (outcome.result as T) : assert.fail(JSON.stringify(outcome));
}

const rotations = async (): Promise<readonly Rotation[]> => (await call<{ rotations: readonly Rotation[] }>('dkim.rotations', { domain: 'one.example' })).rotations;

/** Goes on as if the time of each rotation had come. */
async function goOn(): Promise<readonly string[]> {
  const { dkimRotations } = server.context.store;
  for (const row of await dkimRotations.list('one.example')) if (row.phase !== 'done') await dkimRotations.update(row.phase, { ...row, dueAt: clock.now() });
  await call('dkim.rotate', { domain: 'one.example' });
  return phases();
}

const phases = async (): Promise<readonly string[]> => [...new Set((await rotations()).map(({ phase }) => phase))];

/** Whether the name server itself has a key there. */
async function published(selector: string, domain = 'one.example'): Promise<boolean> {
  const answer = await server.context.publishing?.ask({ address: bind.address, port: bind.port }, `${selector}._domainkey.${domain}`, 'TXT', new AbortController().signal);
  return answer?.kind === 'found' && /p=.{40}/.test(answer.records[0]?.join('') ?? '');
}

const allPublished = async (selectors: readonly string[]): Promise<readonly boolean[]> => Promise.all(selectors.map((selector) => published(selector)));

describe('a DKIM key change of a server that may change the zone', { skip }, () => {
  it('publishes, switches and withdraws by itself', async () => {
    const begun = await call<{ rotations: readonly Rotation[] }>('dkim.rotate', { domain: 'one.example' });
    const [old, fresh] = [begun.rotations.map(({ oldSelector }) => oldSelector), begun.rotations.map(({ newSelector }) => newSelector)];
    assert.deepEqual(await allPublished([...old, ...fresh]), [true, true, true, true]);
    assert.deepEqual(await phases(), ['waiting']);
    assert.deepEqual(await goOn(), ['overlapping']);
    assert.deepEqual(await allPublished([...old, ...fresh]), [true, true, true, true], 'mail on its way still finds the old keys');
    assert.deepEqual(await goOn(), ['done']);
    assert.deepEqual(await allPublished([...old, ...fresh]), [false, false, true, true]);
    const { applies } = await call<{ applies: readonly { source: string }[] }>('dns.history', {});
    assert.ok(applies.some(({ source }) => source === 'key change'));
  });

  it('takes the record of a change that is given up out again', async () => {
    const begun = await call<{ rotations: readonly Rotation[] }>('dkim.rotate', { domain: 'one.example' });
    const fresh = begun.rotations.map(({ newSelector }) => newSelector);
    assert.deepEqual(await allPublished(fresh), [true, true]);
    const cancelled = await call<{ selectors: readonly string[]; withdrawn: readonly string[] }>('dkim.rotate-cancel', { domain: 'one.example' });
    assert.deepEqual(cancelled.withdrawn, cancelled.selectors);
    assert.deepEqual(await allPublished(fresh), [false, false]);
  });

  it('leaves the zone of a domain alone whose mail goes elsewhere, and tells what to publish', async () => {
    const { rotations: [row] } = await call<{ rotations: readonly (Rotation & { record?: string })[] }>('dkim.rotate', { domain: 'elsewhere.example' });
    assert.equal(row?.phase, 'publishing');
    assert.match(row?.record ?? '', /_domainkey\.elsewhere\.example/);
    assert.equal(await published(row?.newSelector ?? '', 'elsewhere.example'), false);
    await call('dkim.rotate-cancel', { domain: 'elsewhere.example' });
  });

  it('says why it cannot publish, signs with the old key, and goes on when it can', async () => {
    writeFileSync(join(folder, 'key'), `${Buffer.alloc(32).toString('base64')}\n`);
    const begun = await call<{ rotations: readonly Rotation[] }>('dkim.rotate', { domain: 'one.example' });
    for (const row of begun.rotations) {
      assert.equal(row.phase, 'publishing');
      assert.match(row.status, /bind/, row.status);
    }
    const { keys } = await call<{ keys: readonly { selector: string; active: boolean }[] }>('dkim.keys', { domain: 'one.example' });
    assert.deepEqual(keys.filter(({ active }) => active).map(({ selector }) => selector).toSorted(), begun.rotations.map(({ oldSelector }) => oldSelector).toSorted());
    writeFileSync(join(folder, 'key'), `${bind.secret}\n`);
    server.forget();
    assert.deepEqual(await goOn(), ['waiting']);
    await call('dkim.rotate-cancel', { domain: 'one.example' });
  });

  it('is not stopped by the file of a key that a killed server left behind, and keeps no unused key', async () => {
    const keyFolder = join(server.context.config.dataDir, 'keys', 'one.example');
    const files = (): readonly string[] => readdirSync(keyFolder).toSorted();
    const usual = files();
    // The next selectors of today: the server died when the files were written and the rows were not.
    const selectors = (await call<{ rotations: readonly Rotation[] }>('dkim.rotate', { domain: 'one.example' })).rotations.map(({ newSelector }) => newSelector);
    await call('dkim.rotate-cancel', { domain: 'one.example' });
    assert.deepEqual(files(), usual);
    for (const selector of [...selectors, 'lost', 'recent']) writeFileSync(join(keyFolder, `${selector}.pem`), 'a private key');
    // One that may belong to a newer state of the store stays for a month.
    const longAgo = new Date(Date.now() - 31 * DAY);
    utimesSync(join(keyFolder, 'lost.pem'), longAgo, longAgo);
    const begun = await call<{ rotations: readonly Rotation[] }>('dkim.rotate', { domain: 'one.example' });
    assert.deepEqual(begun.rotations.map(({ newSelector }) => newSelector), selectors);
    await dkimChore(server.context).run({ now: clock.now(), lastRunAt: undefined, signal: new AbortController().signal });
    assert.deepEqual(files(), [...usual, ...selectors.map((selector) => `${selector}.pem`), 'recent.pem'].toSorted());
    await call('dkim.rotate-cancel', { domain: 'one.example' });
  });

  it('knows what it published when it was killed before it could write that down', async () => {
    const { dnsPublishing } = server.context.store;
    const [name, value] = ['killed._domainkey.one.example', '"v=DKIM1; p="'];
    const set = JSON.stringify([value]);
    await dnsPublishing.beginApply({ id: 'c0ffee00', kind: 'apply', source: 'key change', at: clock.now() }, [{ position: 0, domain: 'one.example', name, type: 'TXT', provider: 'bind', zone: 'one.example', zoneId: 'one.example', beforeSet: set, afterSet: set, oursBefore: '[]', oursAfter: set }]);
    assert.deepEqual((await dnsPublishing.owned()).filter((row) => row.name === name).map((row) => row.value), [value]);
  });

  it('begins by itself when a key is old, and only then', async () => {
    await server.reload(config('rotate-every = "60d"'));
    const chore = dkimChore(server.context);
    const { signal } = new AbortController();
    await chore.run({ now: clock.now() + 59 * DAY, lastRunAt: undefined, signal });
    assert.ok(!(await phases()).includes('waiting'));
    await chore.run({ now: clock.now() + 61 * DAY, lastRunAt: undefined, signal });
    assert.deepEqual(await phases(), ['waiting']);
    const begun = await rotations();
    assert.deepEqual(await allPublished(begun.map(({ newSelector }) => newSelector)), [true, true]);
  });
});
