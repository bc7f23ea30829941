/** Every migration, in order. To add one: a file `<nnn>-<noun>.ts` beside this one, and its line here. */
import type { Migration } from '../migrate.ts';
import { queueMigration } from './001-queue.ts';

export const migrations: readonly Migration[] = [queueMigration];
