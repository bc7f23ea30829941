import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maildirPatternProblem, maildirPlace } from './maildir-path.ts';

test('a pattern is an absolute path with a name for each recipient', () => {
  for (const pattern of ['/srv/mail/%d/%n', '/home/%n/Maildir', '/m/%u', '/a%%b/%n']) assert.equal(maildirPatternProblem(pattern), undefined, pattern);
  for (const pattern of ['mail/%n', '/srv/mail', '/srv/%d', '/srv/../%n', '/srv/%x/%n', '/srv/%n/%', '/srv/%%n', '/srv/\0/%n']) assert.notEqual(maildirPatternProblem(pattern), undefined, pattern);
});

test('the names of folders come from the recipient, in lower case and without detail', () => {
  assert.deepEqual(maildirPlace('/srv/mail/%d/%n', 'Ann+news@Example.ORG'), { base: '/srv/mail', names: ['example.org', 'ann'] });
  assert.deepEqual(maildirPlace('/home/%n/Maildir', 'ann@example.org'), { base: '/home', names: ['ann', 'Maildir'] });
  assert.deepEqual(maildirPlace('/%u', 'ann@example.org'), { base: '/', names: ['ann@example.org'] });
});

test('no recipient leads out of its folder', () => {
  for (const recipient of ['../etc@example.org', '..@example.org', '.@example.org', '.hidden@example.org', 'a/b@example.org', '+x@example.org', `${'x'.repeat(300)}@example.org`, 'a\0b@example.org']) {
    assert.equal(maildirPlace('/srv/mail/%d/%n', recipient), undefined, recipient);
  }
  assert.equal(maildirPlace('/home/x%n/Maildir', '../a@example.org'), undefined);
  assert.deepEqual(maildirPlace('/home/%n/.maildir', 'ann@example.org')?.names, ['ann', '.maildir'], 'what the administrator wrote may begin with a dot');
});
