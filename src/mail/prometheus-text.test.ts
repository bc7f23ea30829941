import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrometheus } from './prometheus-text.ts';

test('families have HELP and TYPE, labels are escaped, empty families are left out', () => {
  const text = formatPrometheus([
    { name: 'a_total', help: 'Counts\nand \\ such.', type: 'counter', samples: [{ labels: {}, value: 3 }] },
    { name: 'empty', help: '', type: 'gauge', samples: [] },
    { name: 'b', help: 'Gauge.', type: 'gauge', samples: [{ labels: { site: 'x"y\\z\n', state: 'hot' }, value: 0.5 }, { labels: { site: 'inf' }, value: Number.POSITIVE_INFINITY }] },
  ]);
  assert.equal(
    text,
    '# HELP a_total Counts\\nand \\\\ such.\n# TYPE a_total counter\na_total 3\n' +
      '# HELP b Gauge.\n# TYPE b gauge\nb{site="x\\"y\\\\z\\n",state="hot"} 0.5\nb{site="inf"} +Inf\n',
  );
});
