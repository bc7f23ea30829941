import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRouteAim, routeAimText } from './route-target.ts';

test('targets are written as Postfix users know', () => {
  assert.deepEqual(parseRouteAim('mx'), { kind: 'mx' });
  assert.deepEqual(parseRouteAim('[Smtp.Example.net]:587'), { kind: 'relay', host: 'smtp.example.net', port: 587 });
  assert.deepEqual(parseRouteAim('[mx]'), { kind: 'relay', host: 'mx' });
  assert.deepEqual(parseRouteAim('example.net'), { kind: 'relay', host: 'example.net', lookup: 'mx' });
  assert.deepEqual(parseRouteAim('inner.example.com:2525'), { kind: 'relay', host: 'inner.example.com', port: 2525, lookup: 'mx' });
  assert.deepEqual(parseRouteAim('127.0.0.1:2525'), { kind: 'relay', host: '127.0.0.1', port: 2525 });
  assert.deepEqual(parseRouteAim('[2001:db8::1]:25'), { kind: 'relay', host: '2001:db8::1', port: 25 });
  assert.deepEqual(parseRouteAim('2001:db8::1'), { kind: 'relay', host: '2001:db8::1' });
  for (const bad of ['', '[', '[]', '[a]b', 'a:0', 'a:65536', 'a b', 'a@b', 'a:25:25', '[a:25]']) assert.equal(parseRouteAim(bad), undefined, bad);
  assert.equal(routeAimText({ host: 'a.test', port: 25 }), '[a.test]:25');
  assert.equal(routeAimText({ host: 'a.test', port: 25, lookup: 'mx' }), 'a.test:25');
});
