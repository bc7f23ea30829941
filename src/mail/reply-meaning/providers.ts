/** Every provider whose replies have a table; the first whose MX name fits, else the first whose marks are in the text. */
import { COMCAST, COX, GODADDY } from './american-providers.ts';
import { NETEASE, TENCENT } from './asian-providers.ts';
import { FASTMAIL, MAIL_RU, ORANGE, PROTON, YANDEX } from './european-providers.ts';
import { BARRACUDA, CISCO, CLOUDFLARE, MIMECAST, PROOFPOINT, SYMANTEC, TREND_MICRO, ZOHO } from './gateways.ts';
import { GOOGLE } from './google.ts';
import { MICROSOFT } from './microsoft.ts';
import { APPLE, GMX, TELEKOM } from './other-providers.ts';
import type { RuleTable } from './reply-rule.ts';
import { YAHOO } from './yahoo.ts';

export const PROVIDERS: readonly RuleTable[] = [
  GOOGLE, MICROSOFT, YAHOO, APPLE, GMX, TELEKOM,
  COMCAST, COX, GODADDY, ORANGE, MAIL_RU, YANDEX, PROTON, FASTMAIL, TENCENT, NETEASE,
  MIMECAST, PROOFPOINT, BARRACUDA, CISCO, SYMANTEC, TREND_MICRO, ZOHO, CLOUDFLARE,
];
