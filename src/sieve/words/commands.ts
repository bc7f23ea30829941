/** Every command but `require`, `elsif` and `else`, by name. */
import type { CommandSpec } from '../signature.ts';
import { ERROR, IF, STOP } from './control.ts';
import { DISCARD, EREJECT, FILEINTO, KEEP, REDIRECT, REJECT } from './deliver.ts';
import { ADDHEADER, DELETEHEADER } from './edit-header.ts';
import { ADDFLAG, REMOVEFLAG, SETFLAG } from './flags.ts';
import { GLOBAL, INCLUDE, RETURN } from './include.ts';
import { BREAK, ENCLOSE, EXTRACTTEXT, FOREVERYPART, REPLACE } from './mime-loop.ts';
import { NOTIFY } from './notify.ts';
import { VACATION } from './vacation.ts';
import { SET } from './variables.ts';

export const COMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  [
    IF, STOP, ERROR, KEEP, DISCARD, FILEINTO, REDIRECT, REJECT, EREJECT, VACATION, NOTIFY, SETFLAG, ADDFLAG, REMOVEFLAG, SET,
    ADDHEADER, DELETEHEADER, INCLUDE, RETURN, GLOBAL, FOREVERYPART, BREAK, REPLACE, ENCLOSE, EXTRACTTEXT,
  ].map((spec) => [spec.name, spec]),
);
