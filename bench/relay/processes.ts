/** Memory and processor time of processes with all their descendants. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what /proc counts in is the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The fields of /proc/PID/stat behind the name, which may contain anything; the first is the state. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function pssKb(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  return match ? Number(match[1]) : 0;
}

/** Sums what `measure` says of each process below and including the roots; those that end meanwhile count nothing. */
function sumOverTree(roots: readonly number[], measure: (pid: number) => number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      parents.set(pid, Number(statOf(pid)[1]));
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  let sum = 0;
  for (const pid of parents.keys()) {
    let ancestor: number | undefined = pid;
    while (ancestor !== undefined && !roots.includes(ancestor) && ancestor > 1) ancestor = parents.get(ancestor);
    if (ancestor === undefined || !roots.includes(ancestor)) continue;
    try {
      sum += measure(pid);
    } catch {
      // As above.
    }
  }
  return sum;
}

/** Megabytes (10^6 bytes): the proportional set size, so that shared pages count once. */
export function treeMemoryMb(root: number): number {
  return (sumOverTree([root], pssKb) * 1024) / 1e6;
}

/** Seconds of processor time so far, in user and kernel mode; of processes that have ended, too (their parents know). */
export function treeCpuSeconds(roots: readonly number[]): number {
  return sumOverTree(roots, (pid) => statOf(pid).slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0)) / TICKS_PER_SECOND;
}

/** Samples until stopped; the peak in megabytes. */
export function watchMemory(root: number, everyMs = 1000): { stop(): number } {
  let peak = treeMemoryMb(root);
  const timer = setInterval(() => {
    peak = Math.max(peak, treeMemoryMb(root));
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}
