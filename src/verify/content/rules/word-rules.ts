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

/** Signs without width between letters hide a word from filters, and look-alikes of other scripts do. */
const WITHOUT_WIDTH = /\u200b|\u200c|\u200d|\u2060|\ufeff|\u00ad/g;

/** Words that are Latin and Cyrillic or Greek at once, or have a sign without width inside. Soft hyphens are honest. */
function disguisedWords(text: string): number {
  return (text.match(/\p{L}{0,30}(?:[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z]|[A-Za-z](?:\u200b|\u200c|\u200d|\u2060|\ufeff)[A-Za-z])\p{L}{0,30}/gu) ?? []).length;
}
const DISGUISED_WORDS_MIN = 2;

const phrases = (pattern: RegExp) => (reading: MessageReading): boolean => pattern.test(said(reading).replace(WITHOUT_WIDTH, ''));

const ACCOUNT_CLOSED = /\b(?:your|the) (?:[\w-]{1,20} )?(?:account|mailbox|card|access)\s(?:has been|will be|is|was)\s(?:suspended|locked|limited|restricted|disabled|blocked|deactivated|terminated|closed)\b|\bkonto (?:wurde|wird) (?:gesperrt|eingeschränkt)|\bcompte (?:a été|sera) (?:suspendu|bloqué)/i;
const CONFIRMATION_WANTED = /\b(?:verify|confirm|validate|restore|unlock|update) your (?:account|identity|mailbox|password|access|bank details)\b|\benter your password\b|\bbestätigen sie ihr(?:e|en)? (?:konto|identität|daten)|\bconfirmez votre (?:compte|identité)/i;
/** Each of them is said by honest people, too. */
const ADVANCE_FEE: readonly RegExp[] = [
  /\bmillions?\s(?:(?:us|united\sstates)\s)?(?:dollars|euros?|pounds|usd|eur|gbp)\b|[$€£]\s?\d{1,3}(?:[.,]\d{3}){2}/i,
  /\b(?:beneficiary|next of kin|inheritance|late (?:client|husband|father)|plane crash|barrister|deceased)\b/i,
  /\b(?:utmost (?:confidence|secrecy|good faith)|strictly confidential|confidential (?:transaction|business)|mutual benefit|business (?:proposal|partner)|honest co-?operation)\b/i,
  /\b(?:dear (?:friend|beloved|sir\/madam)|compliments of the season|god bless|good day to you)\b/i,
  /\b(?:foreign account|transfer (?:of )?(?:the|this) (?:fund|money|sum)s?|claim (?:the|this|your) (?:fund|money|sum)s?|release of (?:the|your) funds?|(?:your|private) (?:bank|contact) details)\b/i,
];
const ADVANCE_FEE_SIGNS_MIN = 4;

const WALLET = /\b(?:bc1[a-z0-9]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b/;

export const WORD_RULES: readonly SpamRule[] = [
  {
    id: 'GTUBE', score: 1000, what: 'it is the test message for spam filters', why: 'Every filter that knows it refuses it. Use it for tests only.',
    hits: (reading) => said(reading).includes('XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'),
  },
  {
    id: 'MONEY_PROMISED', score: 1.5, what: 'it promises money', why: 'Fraud does. Say who pays what for what.',
    hits: phrases(/\b(?:earn|make|win|won)\s(?:up to\s|over\s|an? extra\s)?[$€£]\s?\d|\bmillions?\s(?:(?:us|united\sstates)\s)?dollars\b|\b(?:lottery|sweepstakes) winner\b|\bunclaimed (?:funds|inheritance)\b|\bnext of kin\b|\b(?:ha ganado|ha vinto|avez gagné|haben gewonnen|você ganhou|вы выиграли)\b[^\n]{0,40}\d/iu),
  },
  {
    id: 'ADVANCE_FEE', score: 3.5, what: 'it tells a stranger of a fortune that waits for help', why: 'This is how fraud for an advance payment begins. Nobody honest offers a fortune by mail.',
    hits: (reading) => ADVANCE_FEE.filter((sign) => phrases(sign)(reading)).length >= ADVANCE_FEE_SIGNS_MIN,
  },
  {
    id: 'ACCOUNT_THREATENED', score: 2, what: 'it says that an account is closed, and wants it to be confirmed', why: 'Phishing does. Say what happened, and let readers find your site by themselves.',
    hits: (reading) => ACCOUNT_CLOSED.test(said(reading)) && CONFIRMATION_WANTED.test(said(reading)),
  },
  {
    id: 'CONFIRMATION_WANTED', score: 0.8, what: 'it wants an identity, an account or a password to be confirmed', why: 'Phishing does. Say what happened, and let readers find your site by themselves.',
    hits: (reading) => CONFIRMATION_WANTED.test(said(reading)) && !ACCOUNT_CLOSED.test(said(reading)),
  },
  {
    id: 'EXTORTION', score: 4, what: 'it threatens, and wants to be paid in crypto money', why: 'Only crime does. Nobody else has a reason to write so.',
    hits: (reading) => WALLET.test(said(reading)) && /\b(?:webcam|camera|hacked|recorded|video of you|gehackt|gefilmt|piraté|hackeado|grabado)\b|взлома|камер/iu.test(said(reading)),
  },
  {
    id: 'GIFT_CARDS', score: 2, what: 'it asks the reader to buy gift cards', why: 'This is how fraud in the name of a superior begins. Nobody honest asks for it by mail.',
    hits: phrases(/\b(?:buy|purchase|get|pick up)\b[^\n]{0,60}\bgift ?cards?\b[^]{0,300}\b(?:codes?|scratch|photo|client|meeting)\b/i),
  },
  {
    id: 'PARCEL_FEE', score: 1.5, what: 'a parcel waits for a small fee', why: 'Phishing in the name of carriers does this. Let customers pay where they bought.',
    hits: phrases(/\b(?:parcel|package|paket|colis|paquete|pacco|посылк)[^]{0,200}(?:customs|delivery|shipping|zoll|versand|douane|aduana|livraison|dogan|пошлин)[^]{0,60}(?:24|48) ?(?:h\b|hours|stunden|heures|horas|ore)/iu),
  },
  {
    id: 'WORDS_DISGUISED', score: 2.5, what: 'words hold look-alike letters of another script, or signs that nobody sees', why: 'This hides words from filters. Write words in one script.',
    hits: (reading) => disguisedWords(said(reading)) >= DISGUISED_WORDS_MIN,
  },
  {
    id: 'URGENCY', score: 0.5, what: 'it presses', why: 'Advertising without consent does. Leave readers the time they want.',
    hits: phrases(/\bact now\b|\b(?:limited time|expires today|last chance|final notice|urgent response)\b|\bonly \d+ (?:hours|left)\b/i),
  },
  {
    id: 'FREE_OFFER', score: 0.5, what: 'it offers things for nothing, or without risk', why: 'So does most spam. Say what the offer is.',
    hits: phrases(/\b(?:100% free|risk[- ]free|no obligation|free (?:gift|money))\b/i),
  },
  {
    id: 'PILLS', score: 2, what: 'it names drugs that spam sells', why: 'Filters have learnt these names. If you sell them by right, write to customers only, and sign.',
    hits: phrases(/\b(?:v[i1]agra|c[i1]al[i1]s|levitra|tramadol|phentermine|xanax)\b/i),
  },
  {
    id: 'CRYPTO_OFFER', score: 1.2, what: 'it offers gains with crypto money', why: 'Fraud does. Leave promises of gain out.',
    hits: phrases(/\b(?:bitcoin|btc|crypto(?:currency)?|forex)\b[^\n]{0,80}\b(?:profits?|doubl(?:e|ing)|invest (?:now|today|with)|guaranteed?|returns? of)\b|\b(?:double|multiply) your (?:bitcoin|btc|crypto|money)\b/i),
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
