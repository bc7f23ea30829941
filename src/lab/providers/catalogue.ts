/** The providers of the lab, in the order of their loopback addresses (from .21 on). */
import { exampleNet } from './example-net.ts';
import { gmail } from './gmail.ts';
import { gmx } from './gmx.ts';
import { icloud } from './icloud.ts';
import { outlook } from './outlook.ts';
import type { ProviderProfile } from './profile.ts';
import { tOnline } from './t-online.ts';
import { yahoo } from './yahoo.ts';

export const PROVIDERS: readonly ProviderProfile[] = [gmail, outlook, yahoo, icloud, gmx, tOnline, exampleNet];
