/** Every test, by name. */
import type { TestSpec } from '../signature.ts';
import { BODY } from './body.ts';
import { CURRENTDATE, DATE } from './date.ts';
import { HASFLAG } from './flags.ts';
import { ADDRESS, ENVELOPE, EXISTS, HEADER, SIZE } from './header-tests.ts';
import { ALLOF, ANYOF, FALSE, IHAVE, NOT, TRUE } from './logic.ts';
import { MAILBOXEXISTS, MAILBOXIDEXISTS, METADATA, METADATAEXISTS, SERVERMETADATA, SERVERMETADATAEXISTS, SPECIALUSE_EXISTS } from './mailbox-tests.ts';
import { NOTIFY_METHOD_CAPABILITY, VALID_NOTIFY_METHOD } from './notify.ts';
import { DUPLICATE, ENVIRONMENT, SPAMTEST, VIRUSTEST } from './surroundings.ts';
import { STRING } from './variables.ts';

export const TESTS: ReadonlyMap<string, TestSpec> = new Map(
  [
    TRUE, FALSE, NOT, ALLOF, ANYOF, IHAVE, HEADER, ADDRESS, EXISTS, SIZE, ENVELOPE, BODY, DATE, CURRENTDATE, HASFLAG, STRING,
    MAILBOXEXISTS, MAILBOXIDEXISTS, SPECIALUSE_EXISTS, METADATA, METADATAEXISTS, SERVERMETADATA, SERVERMETADATAEXISTS,
    ENVIRONMENT, SPAMTEST, VIRUSTEST, DUPLICATE, VALID_NOTIFY_METHOD, NOTIFY_METHOD_CAPABILITY,
  ].map((spec) => [spec.name, spec]),
);
