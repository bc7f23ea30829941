/** One fault, several checks: the cause is told, the rest follows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CAUSES, explainConsequences, withCausesOf } from './causes.ts';
import type { Level } from './check.ts';
import { CHECKS } from './checks/all.ts';
import { scoreOf } from './score.ts';

const byId = new Map(CHECKS.map((check) => [check.id, check]));
const found = (check: string, subject: string, level: Level) => ({ check, subject, level, weight: byId.get(check)?.weight ?? 0 });
const caused = (...results: ReturnType<typeof found>[]): Record<string, string | undefined> => Object.fromEntries(explainConsequences(results, byId).map(({ check, subject, causedBy }) => [`${check} ${subject}`, causedBy]));

describe('consequences', () => {
  it('an IPv6 address without a reverse name is one fault, not two', () => {
    const results = [found('ptr', '2001:db8::7', 'fail'), found('ipv6', 'mail.example', 'fail')];
    assert.deepEqual(caused(...results), { 'ptr 2001:db8::7': undefined, 'ipv6 mail.example': 'ptr' });
    assert.equal(scoreOf(explainConsequences(results, byId)), 7);
  });

  it('a sample message has the faults of its own domain, not of others', () => {
    assert.deepEqual(caused(found('spf-record', 'a.example', 'fail'), found('message-spf', 'a.example', 'fail'), found('message-spf', 'b.example', 'fail')), {
      'spf-record a.example': undefined, 'message-spf a.example': 'spf-record', 'message-spf b.example': undefined,
    });
  });

  it('are followed to the first cause', () => {
    assert.deepEqual(caused(found('domain-exists', 'a.example', 'fail'), found('dkim-published', 'a.example', 'fail'), found('message-dkim', 'a.example', 'fail')), {
      'domain-exists a.example': undefined, 'dkim-published a.example': 'domain-exists', 'message-dkim a.example': 'domain-exists',
    });
  });

  it('of something else are faults of their own', () => {
    assert.deepEqual(caused(found('static-address', 'mail.example', 'warn'), found('own-name', '192.0.2.7', 'warn')), { 'static-address mail.example': undefined, 'own-name 192.0.2.7': undefined });
    assert.deepEqual(caused(found('dmarc-record', 'a.example', 'fail'), found('message-dmarc', 'a.example', 'fail')), { 'dmarc-record a.example': undefined, 'message-dmarc a.example': undefined });
  });

  it('name checks that exist, and never each other', () => {
    for (const [id, follows] of Object.entries(CAUSES)) {
      assert.ok(byId.has(id), id);
      for (const { causes } of follows) for (const cause of causes) {
        assert.ok(byId.has(cause), cause);
        assert.ok(!withCausesOf([cause]).has(id), `${id} and ${cause}`);
      }
    }
  });
});
