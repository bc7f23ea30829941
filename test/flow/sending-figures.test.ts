/** What became of outgoing mail is counted by day, and the doctor reads it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DoctorFacts } from '../../src/manage/doctor/doctor-facts.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

const DAY_MS = 86_400_000;
let lab: LabProcess;
let alice: LabUser;

before(async () => {
  lab = await startLab({ settings: '[guard]\nevery = 0\n[doctor]\nunsubscribe-test = ["seed@gmail.com"]\nenrolled = ["google"]\n' });
  alice = new LabUser(lab);
  // A day begins, so that none ends in between.
  await alice.passTime(DAY_MS - (Date.now() % DAY_MS) + 60_000);
});
after(() => lab.stop());

interface Examination {
  readonly results: readonly { readonly check: string; readonly level: string; readonly text: string }[];
}

async function finding(check: string) {
  const { results } = await lab.json<Examination>(['doctor', '--only', check]);
  return results.find((each) => each.check === check) ?? assert.fail(check);
}

describe('figures of sending', () => {
  it('are counted by site, and names in the mail are seen', async () => {
    const [gmail] = lab.ready.providers.filter(({ domains }) => domains.includes('gmail.com'));
    assert.ok(gmail);
    const fields = ['Reply-To: nobody-here@example.org', 'List-Unsubscribe: <https://news.example.org/u?token>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];
    const id = await alice.submit({ to: 'friend@gmail.com', subject: 'News', header: fields });
    await alice.delivered(id);
    const { figures } = await eventually('the count', async () => {
      const facts = await alice.call<DoctorFacts>('doctor.facts');
      return facts.figures.domains['example.org']?.sites.length === 1 && facts;
    });
    assert.deepEqual(figures.domains['example.org']?.sites.map(({ site, delivered, hard }) => [site, delivered, hard]), [['google', 1, 0]]);
    assert.deepEqual(figures.domains['example.org']?.unsubscribe, [{ url: 'https://news.example.org/u?token', trial: false }]);
    assert.deepEqual(figures.host.sites, ['google']);
    assert.deepEqual(figures.host.volume.map(({ daysAgo, delivered }) => [daysAgo, delivered]), [[0, 1]]);
  });

  it('show senders that nobody gets answers of, and where one is enrolled', async () => {
    const senders = await finding('sender-mailboxes');
    assert.equal(senders.level, 'fail');
    assert.match(senders.text, /nobody-here@example\.org \(Reply-To\)/);
    assert.doesNotMatch(senders.text, /alice/);
    assert.equal((await finding('enrolled')).level, 'pass');
  });
});
