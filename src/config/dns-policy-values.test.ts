import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNS_POLICY_VALUES } from './dns-policy-values.ts';

const WRONG = ['   ', '💥', 'a\nb', 'a"b', '-', '@', '<script>', 'x'.repeat(100_000), 'a@b@c', 'd@example.org, e@example.org', 'd@example.org; p=none'];

test('what would spoil a published record is not taken for one', () => {
  const { dmarcReports, tlsReports, caaIssuer, bimiLogo, nameWithoutMail } = DNS_POLICY_VALUES;
  for (const text of WRONG) for (const { isRight } of [dmarcReports, tlsReports, bimiLogo]) assert.equal(isRight(text), false, text.slice(0, 30));
  for (const text of WRONG.filter((each) => each !== '💥')) for (const { isRight } of [caaIssuer, nameWithoutMail]) assert.equal(isRight(text), false, text.slice(0, 30));
  for (const text of ['dmarc@%d', 'mailto:dmarc@example.org', 'd@bücher.example']) assert.equal(dmarcReports.isRight(text), true, text);
  assert.equal(dmarcReports.isRight('https://example.org/dmarc'), false);
  for (const text of ['tls@%d', 'https://tls.%d/reports']) assert.equal(tlsReports.isRight(text), true, text);
  for (const text of ['letsencrypt.org', ';', 'letsencrypt.org; validationmethods=dns-01', 'ca.example; accounturi=https://ca.example/acct/1']) assert.equal(caaIssuer.isRight(text), true, text);
  assert.equal(bimiLogo.isRight('https://www.%d/logo.svg'), true);
  assert.equal(bimiLogo.isRight('http://www.%d/logo.svg'), false);
  assert.equal(nameWithoutMail.isRight('www'), true);
});
