/** Every provider whose replies have a table; the first whose MX name fits, else the first whose marks are in the text. */
import { GOOGLE } from './google.ts';
import { MICROSOFT } from './microsoft.ts';
import { APPLE, GMX, TELEKOM } from './other-providers.ts';
import type { RuleTable } from './reply-rule.ts';
import { YAHOO } from './yahoo.ts';

export const PROVIDERS: readonly RuleTable[] = [GOOGLE, MICROSOFT, YAHOO, APPLE, GMX, TELEKOM];
