/**
 * The variables of a filter file in Sieve: those that it sets, those that maildrop sets from the envelope, and what the
 * last pattern matched. What is none of these is not known at delivery here, and has to be named.
 */

/** What maildrop takes from the envelope (maildropfilter(7)), as the test that gives it. */
const OF_THE_ENVELOPE: Readonly<Record<string, { readonly test: string; readonly extensions: readonly string[] }>> = {
  FROM: { test: 'envelope :matches "from" "*"', extensions: ['envelope'] },
  SENDER: { test: 'envelope :matches "from" "*"', extensions: ['envelope'] },
  RECIPIENT: { test: 'envelope :matches "to" "*"', extensions: ['envelope'] },
  LOGNAME: { test: 'envelope :user :matches "to" "*"', extensions: ['envelope', 'subaddress'] },
  USER: { test: 'envelope :user :matches "to" "*"', extensions: ['envelope', 'subaddress'] },
  EXTENSION: { test: 'envelope :detail :matches "to" "*"', extensions: ['envelope', 'subaddress'] },
};

export class Variables {
  readonly #own = new Set<string>();
  readonly #fromEnvelope = new Set<string>();
  #groupShift: number | undefined;

  define(name: string): void {
    this.#own.add(name);
  }

  /** Of the pattern before: how many of its groups stood in the field's name; undefined: it notes no groups. */
  matched(groupShift: number | undefined): void {
    this.#groupShift = groupShift;
  }

  /** `$NAME` and `${NAME}` as Sieve has them. `strange`: those that nobody knows here. */
  expand(text: string): { readonly text: string; readonly isExpanded: boolean; readonly strange: readonly string[] } {
    const strange: string[] = [];
    let isExpanded = false;
    const expanded = text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
      const found = this.#find((braced ?? bare) as string);
      if (found === undefined) strange.push(whole);
      else isExpanded = true;
      return found ?? whole;
    });
    return { text: expanded, isExpanded, strange };
  }

  #find(name: string): string | undefined {
    if (this.#own.has(name)) return `\${${name}}`;
    const group = /^MATCH(\d)$/.exec(name)?.[1];
    if (group !== undefined) return this.#groupShift !== undefined && Number(group) > this.#groupShift ? `\${${Number(group) - this.#groupShift}}` : undefined;
    if (!Object.hasOwn(OF_THE_ENVELOPE, name)) return undefined;
    this.#fromEnvelope.add(name);
    return `\${${name}}`;
  }

  /** What must stand at the beginning of the script, and what it requires. */
  prelude(): { readonly lines: readonly string[]; readonly extensions: readonly string[] } {
    const used = Object.entries(OF_THE_ENVELOPE).filter(([name]) => this.#fromEnvelope.has(name));
    return {
      lines: used.map(([name, { test }]) => `if ${test} { set "${name}" "\${1}"; }`),
      extensions: used.flatMap(([, { extensions }]) => extensions),
    };
  }
}
