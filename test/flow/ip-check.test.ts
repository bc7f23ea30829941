/** `posthorn ip check` against the lists of the lab: each outcome, several addresses, and what is kept of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { IpCheck } from '../../src/manage/addresses/ip-check.ts';
import type { IpHistory } from '../../src/manage/addresses/ip-listings.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;
const dir = mkdtempSync(join(tmpdir(), 'posthorn-ip-check-'));

before(async () => {
  lab = await startLab();
});
after(async () => {
  await lab.stop();
  rmSync(dir, { recursive: true });
});

async function check(...args: string[]): Promise<{ readonly status: number; readonly result: IpCheck }> {
  const { status, stdout, stderr } = await lab.run(['ip', 'check', ...args, '--json']);
  assert.ok(stdout.startsWith('{'), stderr);
  return { status, result: JSON.parse(stdout) as IpCheck };
}

const listed = ({ lists }: IpCheck): string[] => lists.filter(({ verdict }) => verdict === 'listed').map(({ zone }) => zone);
const zen = ({ lists }: IpCheck): string => lists.filter(({ zone }) => zone === 'zen.spamhaus.org').map(({ verdict, detail }) => `${verdict}: ${detail}`).join();

describe('posthorn ip check in the lab', () => {
  it('knows what each code of Spamhaus means, and believes no other', async () => {
    const outcomes = [
      [2, /^listed: SBL/], [3, /^listed: CSS/], [4, /^listed: XBL/], [9, /^listed: DROP/], [10, /^listed: PBL/], [30, /^listed: BCL/],
      [99, /^unknown: .*does not document/], [252, /^unknown: .*written wrongly/], [254, /^unknown: .*public resolvers/], [255, /^unknown: .*too many questions/],
    ] as const;
    const { stdout } = await lab.run(['ip', 'check', ...outcomes.map(([last]) => `192.0.2.${last}`), '--json']);
    const checks = JSON.parse(stdout) as IpCheck[];
    for (const [index, [, said]] of outcomes.entries()) assert.match(zen(checks[index] as IpCheck), said);
  });

  it('tells what a listing means, whether it matters, and where to get off', async () => {
    const { status, result } = await check('192.0.2.200');
    assert.equal(status, 1);
    assert.ok(listed(result).length >= 27, listed(result).join());
    const closed = result.lists.find(({ zone }) => zone === 'truncate.gbudb.net');
    assert.match(closed?.detail ?? '', /it is closed/);
    for (const finding of result.findings.filter(({ check: kind }) => kind === 'list')) {
      assert.match(finding.text, /(?:Large providers|Some receivers|Few receivers)/);
      assert.match(finding.link ?? '', /^https:\/\//);
      assert.ok((finding.remedy ?? '') !== '');
    }
  });

  it('asks IPv6 lists about IPv6 addresses, and tells allow lists apart', async () => {
    const six = listed((await check('2001:db8::200')).result);
    assert.ok(six.includes('zen.spamhaus.org') && six.includes('all.s5h.net') && !six.includes('bl.spamcop.net'), six.join());
    const { result } = await check('192.0.2.201');
    assert.deepEqual(listed(result).toSorted(), ['iadb.isipp.com', 'list.dnswl.org', 'wl.mailspike.net']);
    assert.ok(result.findings.every(({ check: kind, level }) => kind !== 'allow-list' || level === 'good'));
  });

  it('keeps what it saw: since when an address is listed, and since when no more', async () => {
    const { stdout } = await lab.run(['ip', 'check', '--all', '--json']);
    const [own] = JSON.parse(stdout) as IpCheck[];
    assert.ok(own && listed(own).every((zone) => !zone.startsWith('zen')));
    const history = async (): Promise<IpHistory> => JSON.parse((await lab.run(['ip', 'check', '--history', own.address, '--json'])).stdout) as IpHistory;
    assert.deepEqual((await history()).listings, []);
    await lab.run(['lab', 'scenario', 'listed-ip', 'on']);
    await check(own.address);
    const during = await history();
    assert.ok(during.listings.some(({ zone, clearedAt }) => zone === 'bl.spamcop.net' && clearedAt === undefined));
    await lab.run(['lab', 'scenario', 'listed-ip', 'off']);
    await check(own.address);
    const afterwards = await history();
    assert.equal(afterwards.listings.length, during.listings.length);
    assert.ok(afterwards.listings.every(({ clearedAt, firstSeenAt }) => clearedAt !== undefined && clearedAt >= firstSeenAt));
    const { stdout: table, status } = await lab.run(['ip', 'check', '--history', own.address]);
    assert.equal(status, 0);
    assert.match(table, /SpamCop +20\d\d-.* UTC +20\d\d-.* UTC +reported/);
  });

  it('several addresses at once; what is none is refused in one sentence', async () => {
    const { stdout, status } = await lab.run(['ip', 'check', '192.0.2.202', '192.0.2.203', '--json']);
    assert.deepEqual((JSON.parse(stdout) as IpCheck[]).map(({ address }) => address), ['192.0.2.202', '192.0.2.203']);
    assert.equal(status, 1);
    for (const [args, said] of [[['192.0.2.300'], /is no IP address/], [[], /name an address, or use --all/], [['--history'], /name an address/], [Array.from({ length: 65 }, (_, n) => `192.0.2.${n}`), /at most 64/]] as const) {
      const wrong = await lab.run(['ip', 'check', ...args]);
      assert.equal(wrong.status, 2);
      assert.match(wrong.stderr, said);
    }
    assert.match((await lab.run(['ip', 'check', '--history', '192.0.2.77'])).stdout, /was never looked at/);
  });
});

describe('posthorn domain check in the lab', () => {
  it('tells the listed domain from the clean one', async () => {
    const { stdout, status } = await lab.run(['domain', 'check', 'listed.example', 'Clean.example', '--json']);
    const { listings } = JSON.parse(stdout) as { listings: { domain: string; zone: string; verdict: string; detail: string; removal?: string }[] };
    assert.equal(status, 1);
    assert.deepEqual(listings.map(({ domain, zone, verdict }) => `${verdict} ${domain} ${zone}`).filter((row) => row.includes('dbl')), ['listed listed.example dbl.spamhaus.org', 'clean clean.example dbl.spamhaus.org']);
    assert.ok(listings.every(({ verdict, removal }) => (verdict === 'listed') === (removal !== undefined)));
    const wrong = await lab.run(['domain', 'check', 'no domain']);
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /is no domain/);
  });
});

describe('with a key', () => {
  let keyed: LabProcess;
  before(async () => {
    writeFileSync(join(dir, 'key'), 'lab\n', { mode: 0o600 });
    keyed = await startLab({ settings: `[doctor]\nspamhaus-key-file = "${join(dir, 'key')}"\nabusix-key-file = "${join(dir, 'none')}"\n` });
  });
  after(() => keyed.stop());

  it('Spamhaus is asked by its service; a key that cannot be read is said', async () => {
    const { stdout } = await keyed.run(['ip', 'check', '192.0.2.4', '--json']);
    const { lists } = JSON.parse(stdout) as IpCheck;
    assert.match(lists.find(({ zone }) => zone === 'zen.dq.spamhaus.net')?.detail ?? '', /XBL/);
    assert.ok(!lists.some(({ zone }) => zone === 'zen.spamhaus.org'));
    const domain = await keyed.run(['domain', 'check', 'listed.example']);
    assert.match(domain.stdout, /^listed +listed\.example at Spamhaus DBL \(dbl\.dq\.spamhaus\.net\): low reputation$/m);
    assert.match(lists.find(({ zone }) => zone === 'combined.mail.abusix.zone')?.detail ?? '', /cannot be read \(ENOENT\)/);
  });
});
