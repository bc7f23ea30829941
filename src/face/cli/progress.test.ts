/** The line that is written over while something goes on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CliIo } from './ports.ts';
import { Progress } from './progress.ts';

function terminal(columns: number | undefined): { readonly io: CliIo; readonly written: string[] } {
  const written: string[] = [];
  const io = { stdout: { columns }, stderr: { isTTY: true, write: (text: string) => written.push(text) } } as unknown as CliIo;
  return { io, written };
}

describe('the line of progress', () => {
  it('is as wide as the terminal, and is taken away again', () => {
    const { io, written } = terminal(11);
    const progress = new Progress(io);
    progress.show('1 of 2 checks done');
    progress.clear();
    assert.deepEqual(written, ['\r1 of 2 che', `\r${' '.repeat(10)}\r`]);
  });

  it('is shown on a terminal that does not know its width', () => {
    for (const columns of [0, undefined]) {
      const { io, written } = terminal(columns);
      const progress = new Progress(io);
      progress.show('1 of 2 checks done');
      progress.clear();
      assert.equal(written.length, 2);
    }
  });
});
