import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RatioWindow } from './ratio-window.ts';

const NOW = Date.UTC(2026, 10, 20, 8);

function taken(count: number): RatioWindow {
  const window = new RatioWindow();
  for (let at = 0; at < count; at += 1) window.add(NOW + at, 1, 0, NOW + at);
  return window;
}

test('a site that took many and then refuses each that comes is found out after a few', () => {
  const window = taken(100);
  for (let at = 0; at < 6; at += 1) window.add(NOW + 1000 + at * 1000, 0, 1, NOW + 900 + at * 1000 + 200);
  assert.equal(window.share(NOW + 8000), 1);
});

test('twenty that were under way together when a site had a hiccup are no reason to rest', () => {
  const window = taken(100);
  for (let at = 0; at < 20; at += 1) window.add(NOW + 1000 + at, 0, 1, NOW + 500);
  assert.ok((window.share(NOW + 2000) ?? 1) < 0.2);
  window.add(NOW + 2000, 1, 0, NOW + 1500);
  assert.ok((window.share(NOW + 2000) ?? 1) < 0.2);
});
