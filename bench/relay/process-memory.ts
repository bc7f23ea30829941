/** Memory of a process and all its descendants: the proportional set size, so that shared pages count once. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function pssKb(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  return match ? Number(match[1]) : 0;
}

/** Megabytes (10^6 bytes) of the tree below and including `root`; processes that end meanwhile count nothing. */
export function treeMemoryMb(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      parents.set(pid, parentOf(pid));
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  let sumKb = 0;
  for (const pid of parents.keys()) {
    let ancestor: number | undefined = pid;
    while (ancestor !== undefined && ancestor !== root && ancestor > 1) ancestor = parents.get(ancestor);
    if (ancestor !== root) continue;
    try {
      sumKb += pssKb(pid);
    } catch {
      // As above.
    }
  }
  return (sumKb * 1024) / 1e6;
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
