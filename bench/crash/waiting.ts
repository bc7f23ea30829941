/** Real time, for things that happen to a process from outside. */
export function sleepReal(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
