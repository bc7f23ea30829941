/** Replies of Tencent (QQ) and NetEase (163, 126, yeah.net). */
import type { RuleTable } from './reply-rule.ts';

const SLOWER = 'Nothing is lost: it is tried again later and more slowly.';

export const TENCENT: RuleTable = {
  provider: 'QQ',
  mx: /(?:^|\.)qq\.com$/,
  marks: /service\.mail\.qq\.com|mail\.qq\.com\/cgi-bin/,
  sites: ['qq.com'],
  source: 'https://service.mail.qq.com/detail/122',
  date: '2026-11',
  rules: [
    { id: 'qq.source-rate', pattern: /(?:ip|connection) frequency limit|mailbox unavailable or access den/, culprit: 'source-ip', faultClass: 'rate', meaning: 'QQ takes fewer messages or connections from our address in this time.', nextStep: SLOWER },
    { id: 'qq.sender-rate', pattern: /(?:domain|sender) frequency limit/, culprit: 'spf-domain', faultClass: 'rate', meaning: 'QQ takes fewer messages of this sender or its domain in this time.', nextStep: SLOWER },
    { id: 'qq.source', pattern: /suspected (?:spam ip|bounce attacks)|connection denied/, culprit: 'source-ip', faultClass: 'block', meaning: 'QQ takes our address for one that sends spam or bounces to strangers.', nextStep: 'Look for foreign mail from this host, then ask through QQ\'s postmaster page.' },
    { id: 'qq.content', pattern: /suspected spam|spam is embedded|mail content denied/, culprit: 'content', meaning: 'QQ takes the content for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links.' },
    { id: 'qq.recipient-list', pattern: /rejected by recipients/, culprit: 'policy', meaning: 'The recipient has blocked this sender.', nextStep: 'Reach the recipient by another way.' },
    { id: 'qq.no-user', pattern: /mailbox not found|deactivated mailbox/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at QQ.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};

export const NETEASE: RuleTable = {
  provider: 'NetEase',
  mx: /(?:^|\.)(?:netease\.com|163\.com|126\.com|yeah\.net)$/,
  marks: /mail\.163\.com|\b(?:hl:(?:rep|icc|ifc|mep)|mi:(?:dmc|cel|ccl|sfq|spf)|dt:(?:spm|rbl)|rp:(?:drc|cel|ccl)|wm:bl[iu])\b/,
  sites: ['163.com', '126.com'],
  source: 'http://help.163.com/09/1224/17/5RAJ4LMH00753VB8.html (codes and meanings, as passed on at https://biecuoliao.com/pa/MBRrwEM.html)',
  date: '2026-11',
  rules: [
    { id: 'netease.listed', pattern: /\b(?:dt:rbl|wm:bli)\b/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on a blocklist that NetEase uses, or not among those it takes mail from.', nextStep: 'Look the address up on the block lists, remove the cause, then ask for removal there.' },
    { id: 'netease.source-rate', pattern: /\bhl:(?:rep|icc|ifc|mep)\b/, culprit: 'source-ip', faultClass: 'rate', meaning: 'NetEase closes the door for a while: too many messages, connections or unknown recipients from our address.', nextStep: `${SLOWER} Clean the lists of recipients.` },
    { id: 'netease.rate', pattern: /\b(?:mi:(?:dmc|cel|ccl|sfq)|rp:(?:drc|cel|ccl))\b/, culprit: 'capacity', faultClass: 'rate', meaning: 'More messages or recipients over one connection than NetEase takes.', nextStep: SLOWER },
    { id: 'netease.spf', pattern: /\bmi:spf\b/, culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain.' },
    { id: 'netease.content', pattern: /\bdt:sp[mfb]\b/, culprit: 'content', meaning: 'NetEase takes the content for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links.' },
    { id: 'netease.sender', pattern: /\bwm:blu\b/, culprit: 'policy', meaning: 'NetEase does not take mail of this sender.', nextStep: 'Ask NetEase\'s postmaster, with the whole reply.' },
    { id: 'netease.login', pattern: /too much fail auth/, culprit: 'ours', meaning: 'Too many wrong passwords at NetEase.', nextStep: 'Check relay.username and the password file.' },
  ],
};
