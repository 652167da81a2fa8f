import { useDeferredValue, useMemo, useRef } from "react";
import type { Run } from "../api/types";
import { matcher } from "../lib/search";
import { useProject } from "../panels/project-context";

/** Runs whose name, id or tags match the view's search. An invalid pattern keeps the last result. */
export function useRunSearch(runs: readonly Run[]): {
  found: readonly Run[];
  problem: string | null;
} {
  const { view } = useProject();
  const search = useDeferredValue(view.search);
  const last = useRef<((text: string) => boolean) | null>(null);
  const { matches, problem } = useMemo(
    () => matcher(search, view.searchRegex),
    [search, view.searchRegex],
  );
  if (matches !== null) last.current = matches;
  const test = matches ?? last.current;
  const found = useMemo(
    () =>
      test === null
        ? runs
        : runs.filter((run) => test(run.name) || test(run.id) || run.tags.some(test)),
    [runs, test],
  );
  return { found, problem };
}
