/** Arguments that nobody means, as shells hand them on: every command refuses them in one sentence, and does nothing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Home } from './cli-kit.ts';

const home = new Home('[dns]\nservers = ["127.0.0.1:9"]\n');
const LONG = 'x'.repeat(100_000);

before(async () => {
  writeFileSync(join(home.folder, 'no-addresses'), '\u0001\u0002\nhello world\n');
  assert.equal((await home.posthorn(['account', 'add', 'alice@example.org', '--create-domain'])).status, 0);
  await home.start();
});
after(() => home.close());

describe('wrong arguments', () => {
  for (const [args, status, said] of [
    [['dkim', 'keys', LONG], 2, /x…x.*is not a domain name/],
    [['dkim', 'keys', '💥', '--no-look'], 1, /is not a domain of this server/],
    [['dns', 'policy', 'example.org', '--dmarc-reports', 'x\ny'], 2, /give mail addresses/],
    [['report', 'dmarc', ''], 2, /the domain is empty/],
    [['report', 'import', '/dev/zero'], 1, /larger than/],
    [['domain', 'add', 'localhost'], 2, /no domain that others can write to/],
    [['queue', 'pause', '--sender', '<script>'], 2, /neither an address nor a domain/],
    [['rules', 'alice@example.org', '--from', 'x'], 2, /goes with rules ADDRESS add/],
    [['suppression', 'export', '/nowhere/list.csv'], 1, /cannot write/],
    [['import', 'maildir', '', 'alice@example.org'], 2, /has no name/],
    [['dkim', 'verify', LONG], 1, /cannot read x+…x+: /],
  ] as const) {
    it(args.map((each) => JSON.stringify(each.slice(0, 20))).join(' '), async () => {
      const answer = await home.posthorn(args);
      assert.deepEqual([answer.stdout, answer.stderr.trim().split('\n').length, answer.stderr.length < 500], ['', 1, true], answer.stderr.slice(0, 500));
      assert.match(answer.stderr, said);
      assert.equal(answer.status, status, answer.stderr);
    });
  }

  it('a list without one address is bad news', async () => {
    const answer = await home.posthorn(['suppression', 'import', 'no-addresses']);
    assert.equal(answer.status, 1);
    assert.match(answer.stdout, /^0 of 2 addresses/);
  });
});
