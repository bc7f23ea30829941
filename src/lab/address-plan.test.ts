import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPlan, insideLab } from './address-plan.ts';

test('everything lives in one loopback network', () => {
  const plan = addressPlan('127.9.0.0', 2000);
  const all = [plan.server, plan.innerDns, plan.outside, plan.provider(0), plan.provider(6)];
  assert.ok(all.every((address) => address.startsWith('127.9.0.') && insideLab(address)));
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual([plan.mailPort, plan.dnsPort], [2025, 2053]);
});

test('what is not a loopback network is refused', () => {
  for (const wrong of ['10.0.0.0', '127.300.0.0', '127.0.0.1', '::1', '']) assert.throws(() => addressPlan(wrong, 2000), RangeError);
  assert.throws(() => addressPlan('127.0.0.0', 80), RangeError);
});

test('the fence admits 127.0.0.0/8 only', () => {
  for (const inside of ['127.0.0.1', '127.255.0.10']) assert.equal(insideLab(inside), true);
  for (const outside of ['128.0.0.1', '12.7.0.0', '1127.0.0.1', '127.0.0.1.example.org', '::1', '::ffff:8.8.8.8', '']) assert.equal(insideLab(outside), false);
});
