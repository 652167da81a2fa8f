import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { keysQuery, runKeysQuery } from "../api/queries";
import type { RunDetail, RunKey } from "../api/types";
import { useProject } from "../panels/project-context";
import { Workspace } from "../panels/Workspace";

/** The workspace of one run: its own keys alone. */
export function RunCharts({ run }: { run: RunDetail }) {
  const { ref } = useProject();
  const own = useQuery(runKeysQuery(ref, run.id));
  const all = useQuery(keysQuery(ref));
  const keys = useMemo(() => {
    if (own.data === undefined || all.data === undefined) return undefined;
    const counts = new Map<string, RunKey>();
    for (const key of own.data.keys) {
      const count = Math.max(counts.get(key.key)?.count ?? 0, key.count);
      counts.set(key.key, { ...key, count });
    }
    return all.data.keys.flatMap((key) => {
      const mine = counts.get(key.key);
      if (mine === undefined) return [];
      const { count, step_metric, hidden, goal } = mine;
      return [{ ...key, max_count: count, step_metric, hidden, goal }];
    });
  }, [own.data, all.data]);
  const runs = useMemo(() => [run], [run]);
  return (
    <Workspace
      runs={runs}
      keys={keys}
      problem={(own.error ?? all.error)?.message ?? null}
      storageKey={`${ref.entity}/${ref.project}`}
      empty={
        run.state === "running"
          ? "Nothing logged yet. Charts appear with the first row."
          : "This run has logged nothing."
      }
    />
  );
}
