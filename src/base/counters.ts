/**
 * Counts with names and labels, for metrics: what happened since the start, by kind. Bounded: a name has at most
 * `seriesMax` combinations of labels; what comes beyond is counted with every label as `other`.
 */
export type Labels = Readonly<Record<string, string>>;

export interface Count {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export class Counters {
  readonly #seriesMax: number;
  readonly #families = new Map<string, Map<string, { readonly labels: Labels; value: number }>>();

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  add(name: string, labels: Labels = {}, value = 1): void {
    let family = this.#families.get(name);
    if (!family) this.#families.set(name, (family = new Map()));
    const key = keyOf(labels);
    const series = family.get(key) ?? this.#open(family, key, labels);
    series.value += value;
  }

  addAll(counts: readonly Count[]): void {
    for (const { name, labels, value } of counts) this.add(name, labels, value);
  }

  get counts(): readonly Count[] {
    return [...this.#families].flatMap(([name, family]) => [...family.values()].map(({ labels, value }) => ({ name, labels, value })));
  }

  /** All counts, which begin at nothing again: for handing them to another thread. */
  take(): readonly Count[] {
    const { counts } = this;
    this.#families.clear();
    return counts;
  }

  #open(family: Map<string, { readonly labels: Labels; value: number }>, key: string, labels: Labels): { value: number } {
    if (family.size < this.#seriesMax) {
      const series = { labels: { ...labels }, value: 0 };
      family.set(key, series);
      return series;
    }
    const others = Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']));
    const otherKey = keyOf(others);
    const series = family.get(otherKey) ?? { labels: others, value: 0 };
    family.set(otherKey, series);
    return series;
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels));
}
