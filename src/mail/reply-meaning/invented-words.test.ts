/** Words that nobody has said yet, of servers that our own next hops play: whom they are about must be seen all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainReply } from './explain.ts';

const LINES = [
  ['550 5.1.1 sending host not welcome', 'source-ip', 'block'],
  ['550 5.1.1 Your mailserver is on our naughty list', 'source-ip', 'block'],
  ['550 5.1.1 We don\'t talk to servers like yours', 'source-ip', 'block'],
  ['550 5.1.1 zark your mail host fnord', 'source-ip', 'block'],
  ['550 This network is persona non grata here', 'source-ip', 'block'],
  ['550 We have had enough mail from your range, contact abuse@odd.example', 'source-ip', 'block'],
  ['554 Sorry, mail from dynamic or unknown hosts goes to /dev/null', 'source-ip', 'block'],
  ['554 5.7.0 Your ASN is not accepted', 'source-ip', 'block'],
  ['550 Mails from your country are not accepted', 'source-ip', 'block'],
  ['554 5.3.2 host is in penalty box', 'source-ip', 'block'],
  ['451 4.7.1 Your trust level is too low for this many messages', 'source-ip', 'rate'],
  ['550 5.7.1 The domain shop.example has been put on our internal stop list', 'spf-domain', 'block'],
  ['550 we no longer accept mail signed by shop.example', 'dkim-domain', 'block'],
  ['554 5.7.1 DKIM identity d=shop.example barred', 'dkim-domain', 'block'],
  ['550 your domain\'s sender policy says this host may not send for it', 'spf-domain', 'authentication'],
  ['450 4.7.1 fifty recipients each hour is all you get', 'capacity', 'rate'],
  ['550 5.7.1 hourly ration consumed', 'capacity', 'rate'],
  ['554 5.7.0 more than 100 messages in 10 minutes, cool off for 30 minutes', 'capacity', 'rate'],
  ['554 zark fnord, come back in 2 hours', 'capacity', 'rate'],
  ['550 Sie haben Ihr Stundenkontingent aufgebraucht', 'capacity', 'rate'],
  ['452 4.3.1 dépassement du débit autorisé', 'capacity', 'rate'],
  ['452 4.2.2 no space left for this user', 'recipient', 'soft-bounce'],
  // About somebody there, whoever's server it is.
  ['550 5.1.1 no such user, your server should know', 'recipient', 'hard-bounce'],
  ['550 5.1.1 zark fnord', 'recipient', 'hard-bounce'],
  ['550 zark fnord', 'policy', 'policy'],
] as const;

for (const [line, culprit, faultClass] of LINES) {
  test(line, () => {
    const [, code, enhanced, text = ''] = /^(\d{3}) (?:(\d\.\d\.\d) )?(.*)$/.exec(line) ?? [];
    const said = explainReply({ code: Number(code), text, ...(enhanced !== undefined && { enhanced }) }, { mx: 'mx.odd.example' });
    assert.deepEqual([said.culprit, said.faultClass], [culprit, faultClass], said.rule);
  });
}
