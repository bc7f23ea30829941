/** The generic form of a Sieve script (RFC 5228 §8.2): commands, tests and arguments, before any word is understood. */

/** From 1; columns in characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends Position {
  readonly message: string;
}

export interface StringNode extends Position {
  readonly value: string;
}

export type ArgumentNode =
  | (Position & { readonly kind: 'number'; readonly value: number })
  | (Position & { readonly kind: 'tag'; readonly name: string })
  | (Position & { readonly kind: 'strings'; readonly values: readonly StringNode[]; readonly bracketed: boolean });

export interface TestNode extends Position {
  /** In lower case. */
  readonly name: string;
  readonly arguments: readonly ArgumentNode[];
  readonly tests: readonly TestNode[];
  /** The tests stood in parentheses. */
  readonly testList: boolean;
}

export interface CommandNode extends TestNode {
  readonly block: readonly CommandNode[] | undefined;
}
