/**
 * Published SPF cases as tests: a zone in short, and rows of question and expected result. A row is envelope sender,
 * client, HELO, result, and for a fail the text that exp= gives ('' for none).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSpf } from '../../src/verify/spf/check-spf.ts';
import { createZoneDns, type Zone } from './zone-dns.ts';

export type Row = readonly [sender: string, ip: string, helo: string, result: string, explanation?: string];

/** `NAME TYPE data` per line; TYPE FAIL is a name that is never answered. Text between bars is several strings. */
function zone(lines: readonly string[]): Zone {
  const names: Record<string, Record<string, unknown[]> | 'FAIL'> = {};
  for (const line of lines) {
    const [, name = '', type = '', data = ''] = /^(.+?) (A|AAAA|MX|PTR|TXT|FAIL)(?: (.*))?$/s.exec(line) ?? assert.fail(line);
    const key = name.toLowerCase();
    if (type === 'FAIL') {
      names[key] = 'FAIL';
      continue;
    }
    const entry = (names[key] ??= {}) as Record<string, unknown[]>;
    (entry[type] ??= []).push(record(type, data));
  }
  return names as Zone;
}

function record(type: string, data: string): unknown {
  if (type === 'TXT') return data.split('|');
  if (type !== 'MX') return data;
  const [preference, exchange = ''] = data.split(' ');
  return { preference: Number(preference), exchange };
}

export function suite(title: string, lines: readonly string[], rows: readonly Row[]): void {
  test(title, async (t) => {
    for (const [sender, ip, helo, result, explanation] of rows) {
      await t.test(`${sender || `<> ${helo}`} from ${ip}: ${result}`, async () => {
        const report = await checkSpf(createZoneDns(zone(lines)), { ip, sender, helo });
        assert.equal(report.result, result, report.explanation);
        if (explanation !== undefined) assert.equal(report.publishedExplanation ?? '', explanation);
      });
    }
  });
}
