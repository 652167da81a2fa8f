/** Substring and regular-expression search with a message instead of an exception. Pure. */

export interface Matcher {
  /** Null while the pattern is invalid: callers keep their former result. */
  readonly matches: ((text: string) => boolean) | null;
  /** What is wrong with the pattern, for a person. */
  readonly problem: string | null;
}

/** Without `regex` any substring matches, whatever its case; an empty pattern matches all. */
export function matcher(pattern: string, regex: boolean): Matcher {
  if (pattern === "") return { matches: () => true, problem: null };
  if (!regex) {
    const needle = pattern.toLowerCase();
    return { matches: (text) => text.toLowerCase().includes(needle), problem: null };
  }
  try {
    const expression = new RegExp(pattern, "i");
    return { matches: (text) => expression.test(text), problem: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { matches: null, problem: reason.replace(/^Invalid regular expression: /, "") };
  }
}
