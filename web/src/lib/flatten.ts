/** Nested config and summary as flat rows. Pure. */

/** Leaves of a nested value by their path joined with dots; lists and media are leaves. */
export function flatten(value: Record<string, unknown>): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (node: Record<string, unknown>, prefix: string) => {
    for (const [key, child] of Object.entries(node)) {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      if (isBranch(child)) walk(child, path);
      else leaves.set(path, child);
    }
  };
  walk(value, "");
  return leaves;
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !("_type" in value) &&
    Object.keys(value).length > 0
  );
}

/** Paths whose values are not the same in all of the given maps, in order of first sight. */
export function differing(maps: readonly Map<string, unknown>[]): string[] {
  const seen = new Map<string, { text: string; count: number; differs: boolean }>();
  for (const map of maps) {
    for (const [path, value] of map) {
      const text = JSON.stringify(value) ?? "";
      const entry = seen.get(path);
      if (entry === undefined) seen.set(path, { text, count: 1, differs: false });
      else {
        entry.count += 1;
        entry.differs ||= entry.text !== text;
      }
    }
  }
  return [...seen]
    .filter(([, entry]) => entry.differs || entry.count < maps.length)
    .map(([path]) => path);
}
