import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weigh, type RefusalFacts } from './refusal-verdict.ts';

const HOUR = 3_600_000;

/** The first refusal of one recipient, in words that name nobody, at a site of which nothing else is known. */
const FIRST: RefusalFacts = {
  stage: 'recipient', blame: 'nobody', documented: false, since: { inTheseWords: 1, inAny: 1 }, closed: false, knownBlock: undefined,
  passedOver: 0, alone: true, passing: false, tries: 1, forMs: 0,
};

function told(verdict: ReturnType<typeof weigh>): string {
  if (verdict.kind === 'believe') return verdict.proven ? 'proven' : 'believe';
  return verdict.kind === 'ask-again' ? `after ${verdict.afterMs / 60_000} min` : verdict.kind;
}

const alike = (count: number): Partial<RefusalFacts> => ({ since: { inTheseWords: count, inAny: count } });
const reworded = (count: number): Partial<RefusalFacts> => ({ since: { inTheseWords: 1, inAny: count } });
const coded = { blame: 'recipient' } as const;
const behind = { stage: 'message' } as const;

const TABLE: readonly (readonly [string, Partial<RefusalFacts>, string])[] = [
  ['the first one is asked again', {}, 'after 20 min'],
  ['and again, ever later', { tries: 3 }, 'after 180 min'],
  ['but not twice a day for ever', { tries: 5 }, 'after 720 min'],
  ['six tries are enough', { tries: 6, forMs: 25 * HOUR }, 'give-up'],
  ['a code that blames the recipient, alone', coded, 'believe'],
  ['general words of a known provider, alone', { ...behind, documented: true }, 'believe'],
  ['general words of a known provider, a second time', { ...behind, documented: true, ...alike(2) }, 'after 20 min'],
  ['the code, where such refusals pass', { ...coded, passing: true }, 'after 20 min'],
  ['the code, when another was refused just before', { ...coded, ...reworded(2) }, 'after 20 min'],
  ['the same, when the site refused everybody lately', { ...coded, knownBlock: 'here' }, 'again'],
  ['the same, when it was asked before', { ...coded, tries: 2 }, 'after 60 min'],
  ['four tries are enough against the code', { ...coded, ...alike(2), tries: 4 }, 'give-up'],

  ['but not when it blames one after the other', { ...coded, ...alike(5), tries: 4 }, 'after 540 min'],

  ['refused again while others were taken', { passedOver: 1, tries: 2 }, 'proven'],
  ['the same against the code', { ...coded, passedOver: 1, tries: 2 }, 'proven'],
  ['once, while several were refused and then others taken', { passedOver: 1, alone: false, tries: 2 }, 'after 60 min'],
  ['twice', { passedOver: 2, alone: false, tries: 3 }, 'proven'],
  ['where such refusals pass', { passedOver: 3, passing: true, tries: 4 }, 'after 540 min'],
  ['where such refusals pass, four times', { passedOver: 4, passing: true, tries: 5 }, 'proven'],

  ['four recipients may be dead', alike(4), 'after 20 min'],
  ['five in the same words are a block', alike(5), 'block'],
  ['five in different words may be dead', reworded(5), 'after 20 min'],
  ['eight are a block in any words', reworded(8), 'block'],
  ['seven in a code that blames them may be dead', { ...coded, ...alike(7) }, 'after 20 min'],
  ['eight are a block', { ...coded, ...alike(8) }, 'block'],
  ['three in a code of policy, or that name the sender', { blame: 'sender', ...alike(3) }, 'block'],
  ['three messages', { ...behind, ...alike(3) }, 'block'],
  ['three messages in different words', { ...behind, ...reworded(3) }, 'after 20 min'],
  ['two in words that were a block elsewhere', { knownBlock: 'elsewhere', ...alike(2) }, 'block'],
  ['a closed lane\'s probe', { closed: true, tries: 9 }, 'block'],
  ['a few recipients, for two days', { closed: true, ...alike(5), tries: 3, forMs: 48 * HOUR }, 'give-up'],
  ['many recipients, for two days', { closed: true, ...alike(8), tries: 3, forMs: 48 * HOUR }, 'block'],
  ['a few messages, for two days', { ...behind, closed: true, ...alike(3), tries: 3, forMs: 48 * HOUR }, 'block'],

  ['refused in the words of a block that is over', { knownBlock: 'here', tries: 3 }, 'again'],
  ['the same, though others are taken', { knownBlock: 'here', passedOver: 2, tries: 4 }, 'again'],
  ['the same, too often', { knownBlock: 'here', passedOver: 2, tries: 5 }, 'proven'],

  ['before MAIL, once', { stage: 'opening' }, 'believe'],
  ['before MAIL, three times', { stage: 'opening', ...alike(3) }, 'block'],
];

for (const [name, facts, verdict] of TABLE) test(`${name}: ${verdict}`, () => assert.equal(told(weigh({ ...FIRST, ...facts })), verdict));
