/**
 * The configuration of a running server: one object that every part holds, whose settings a reload (SIGHUP) replaces.
 *
 * Policy: what is read at each use takes effect at once; listeners, data directory and name servers are taken up at start
 * only, and a reload that changes one of them says so.
 */
import type { Config } from '../config/config.ts';

const FIXED_AT_START = ['dataDir', 'storage', 'listen', 'dns', 'hostname'] as const satisfies readonly (keyof Config)[];

export interface LiveConfig {
  readonly config: Config;
  /** Names of settings that differ but need a restart; all others are in force when it returns. */
  replace(next: Config): string[];
}

export function createLiveConfig(initial: Config): LiveConfig {
  const current: Record<string, unknown> = { ...initial };
  return {
    config: current as unknown as Config,
    replace(next) {
      const pending: string[] = FIXED_AT_START.filter((name) => JSON.stringify(current[name]) !== JSON.stringify(next[name]));
      // Resolver and session threads have the name servers from the start; what is published where is read at each use.
      if (pending.includes('dns')) {
        const { servers, trustAd } = current['dns'] as Config['dns'];
        current['dns'] = { ...next.dns, servers, trustAd };
        if (JSON.stringify(next.dns) === JSON.stringify(current['dns'])) pending.splice(pending.indexOf('dns'), 1);
      }
      if ((current['smtp'] as Config['smtp']).threads !== next.smtp.threads) pending.push('smtp.threads');
      for (const [name, value] of Object.entries({ relay: undefined, ...next })) {
        if (!pending.includes(name)) current[name] = value;
      }
      return pending;
    },
  };
}
