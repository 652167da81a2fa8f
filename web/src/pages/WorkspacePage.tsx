import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { keysQuery } from "../api/queries";
import { useProject } from "../panels/project-context";
import { Workspace } from "../panels/Workspace";
import { RunList } from "./RunList";
import { useRunSearch } from "./use-run-search";

/** The list of runs beside the charts of those that are shown. */
export function WorkspacePage() {
  const { ref, runs, total, hidden } = useProject();
  const { found, problem } = useRunSearch(runs);
  const shown = useMemo(() => found.filter((run) => !hidden.has(run.id)), [found, hidden]);
  const keys = useQuery(keysQuery(ref));
  return (
    <div className="workspace-page">
      <RunList runs={found} shownCount={shown.length} total={total} problem={problem} />
      <Workspace
        runs={shown}
        keys={keys.data?.keys}
        problem={keys.error?.message ?? null}
        storageKey={`${ref.entity}/${ref.project}`}
        empty={
          shown.length === 0
            ? "No run is shown: all are hidden or the search matches none."
            : "These runs have not logged anything yet."
        }
      />
    </div>
  );
}
