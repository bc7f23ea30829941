/** What the mail-tester's address got: list, show, and a fresh address to write to. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { MAIL_TEST_LIMITS } from '../../base/content-limits.ts';
import { Failure } from '../../base/errors.ts';
import { DEFAULT_DOCTOR } from '../../config/doctor-config.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { MailTest } from '../../store/clients/mail-tests.ts';
import type { ScoreReport } from './score.ts';
import { defineVerb } from '../verb.ts';

export type { MailTest } from '../../store/clients/mail-tests.ts';

const list = defineVerb({
  name: 'score.list',
  summary: 'Lists what the mail-tester got, newest first.',
  args: z.strictObject({ limit: z.number().int().min(1).max(MAIL_TEST_LIMITS.listedMax).optional() }),
  run: async ({ store, clock }, { limit = 50 }): Promise<{ readonly tests: readonly MailTest[] }> => ({ tests: await store.mailTests.list(clock.now(), limit) }),
});

const show = defineVerb({
  name: 'score.show',
  summary: 'Tells what the mail-tester found in a message.',
  args: z.strictObject({ id: z.string() }),
  async run({ store, clock }, { id }): Promise<MailTest & { readonly report: ScoreReport }> {
    const test = await store.mailTests.show(id, clock.now());
    if (!test) throw new Failure('mail-test-unknown', `there is no test ${JSON.stringify(id.slice(0, 40))}; posthorn score list shows those that are kept`, { temporary: false });
    return test as MailTest & { readonly report: ScoreReport };
  },
});

/** Without letters that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const RANDOM_CHARS = 10;

const address = defineVerb({
  name: 'score.address',
  summary: 'Makes a fresh address of the mail-tester.',
  args: z.strictObject({ domain: z.string().optional() }),
  async run({ store, config }, { domain }): Promise<{ readonly address: string }> {
    const { testAddress } = config.doctor ?? DEFAULT_DOCTOR;
    if (testAddress === '') throw new Failure('mail-test-off', 'the mail-tester is off: set test-address = "test-" in [doctor]', { temporary: false });
    const { domains } = await store.directory.snapshot();
    const names = domains.map(({ name }) => name);
    const wanted = domain === undefined ? names.find((name) => name === config.origin) ?? names[0] : names.find((name) => name === domainKey(domain));
    if (wanted === undefined) throw new Failure('domain-unknown', domain === undefined ? 'there is no domain yet: add one with posthorn domain add' : `${JSON.stringify(domain.slice(0, 80))} is no domain of this server; posthorn domain list shows them`, { temporary: false });
    const random = Array.from({ length: RANDOM_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
    return { address: `${testAddress}${random}@${wanted}` };
  },
});

export const mailTestVerbs = [list, show, address] as const;
