/** A reporter of node's test runner: the test files that failed, one a line. `npm test -- --again` reads them. */
import type { TestEvent } from 'node:test/reporters';

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed = new Set<string>();
  for await (const { type, data } of events) {
    // A table's rows are failures of the kit that made them; of which file is told by the summary of each file, unless its
    // process ended before it had one.
    if (type === 'test:summary' && data.file !== undefined && !data.success) failed.add(data.file);
    if (type === 'test:fail' && data.file?.endsWith('.test.ts')) failed.add(data.file);
  }
  for (const file of failed) yield `${file}\n`;
}
