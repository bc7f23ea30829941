/**
 * Rules on words. They are weak on purpose: no word is spam by itself, and nobody should have to write around a list.
 * Several of them together, in a message that strangers get, are what filters learn from.
 */
import type { MessageReading } from '../message-reading.ts';
import type { SpamRule } from './rule.ts';

/** Looked at for words, from the start. */
const WORDS_CHARS_MAX = 100_000;

function said({ subject, text, html }: MessageReading): string {
  return `${subject}\n${text ?? html?.text ?? ''}`.slice(0, WORDS_CHARS_MAX);
}

const phrases = (pattern: RegExp) => (reading: MessageReading): boolean => pattern.test(said(reading));

export const WORD_RULES: readonly SpamRule[] = [
  {
    id: 'GTUBE', score: 1000, what: 'it is the test message for spam filters', why: 'Every filter that knows it refuses it. Use it for tests only.',
    hits: (reading) => said(reading).includes('XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'),
  },
  {
    id: 'MONEY_PROMISED', score: 1.5, what: 'it promises money', why: 'Fraud does. Say who pays what for what.',
    hits: phrases(/\b(?:earn|make|get|receive|win|won)\s(?:up to\s|over\s|an? extra\s)?[$€£]\s?\d|\bmillion (?:us )?dollars\b|\b(?:lottery|sweepstakes) winner\b|\bunclaimed (?:funds|inheritance)\b|\bnext of kin\b/i),
  },
  {
    id: 'ACCOUNT_THREATENED', score: 1.5, what: 'it threatens to close an account unless the reader acts at once', why: 'Phishing does. Say what happened, and let readers find your site by themselves.',
    hits: phrases(/\b(?:your|the) (?:account|mailbox|card|access)\s(?:has been|will be|is|was)\s(?:suspended|locked|limited|deactivated|terminated|closed)\b|\b(?:verify|confirm|update) your (?:account|password|identity|billing|payment)\b/i),
  },
  {
    id: 'URGENCY', score: 0.5, what: 'it presses', why: 'Advertising without consent does. Leave readers the time they want.',
    hits: phrases(/\bact now\b|\b(?:limited time|expires today|last chance|final notice|urgent response)\b|\bonly \d+ (?:hours|left)\b/i),
  },
  {
    id: 'FREE_OFFER', score: 0.5, what: 'it offers things for nothing, or without risk', why: 'So does most spam. Say what the offer is.',
    hits: phrases(/\b(?:100% free|risk[- ]free|no obligation|free (?:gift|trial|access|money)|no credit card)\b/i),
  },
  {
    id: 'PILLS', score: 2, what: 'it names drugs that spam sells', why: 'Filters have learnt these names. If you sell them by right, write to customers only, and sign.',
    hits: phrases(/\b(?:v[i1]agra|c[i1]al[i1]s|levitra|tramadol|phentermine|xanax)\b/i),
  },
  {
    id: 'CRYPTO_OFFER', score: 1.2, what: 'it offers gains with crypto money', why: 'Fraud does. Leave promises of gain out.',
    hits: phrases(/\b(?:bitcoin|btc|crypto(?:currency)?|forex)\b[^\n]{0,80}\b(?:profit|doubl|invest|guarantee|return)/i),
  },
  {
    id: 'SEO_OFFER', score: 1, what: 'it offers a better place in search engines to a stranger', why: 'Of all mail without consent this is the most common. Write to those who asked.',
    hits: phrases(/\b(?:first|1st|top) page (?:of|on|in) google\b|\b(?:guest post|backlinks?|link building)\b[^\n]{0,60}\b(?:price|offer|site|website)\b/i),
  },
  {
    id: 'TEXT_SHOUTS', score: 0.8, what: 'most of the text is in capitals', why: 'Spam shouts. Write in small letters.',
    hits: (reading) => {
      const text = said(reading);
      const letters = (text.match(/\p{L}/gu) ?? []).length;
      return letters >= 100 && (text.match(/\p{Lu}/gu) ?? []).length > letters * 0.6;
    },
  },
];
