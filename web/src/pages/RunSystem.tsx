import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runKeysQuery } from "../api/queries";
import type { RunDetail } from "../api/types";
import { groupSystemPanels, systemKeys } from "../lib/system-panels";
import { useProject } from "../panels/project-context";
import { Workspace } from "../panels/Workspace";
import { CodeBlock } from "../ui/CodeBlock";

/** In the beginning of a run there is nothing wrong with having no values yet. */
const EARLY_S = 20;

/** How the machines of a run did while it trained. */
export function RunSystem({ run }: { run: RunDetail }) {
  const { ref } = useProject();
  const { data, error } = useQuery(runKeysQuery(ref, run.id, "system"));
  const keys = useMemo(() => (data === undefined ? undefined : systemKeys(data.keys)), [data]);
  const sections = useMemo(() => groupSystemPanels(data?.keys ?? []), [data]);
  // Their rows are counted apart: lines are fresh up to this many.
  const runs = useMemo(() => [{ ...run, num_rows: run.num_system_rows }], [run]);
  return (
    <Workspace
      source="system"
      runs={runs}
      keys={keys}
      sections={sections}
      problem={error?.message ?? null}
      storageKey={`${ref.entity}/${ref.project}/system`}
      empty={<NoSystemData run={run} />}
    />
  );
}

function NoSystemData({ run }: { run: RunDetail }) {
  if (run.state === "running" && run.duration_s < EARLY_S)
    return <p>The first values arrive a second or two after the start.</p>;
  return (
    <div className="no-system">
      <h2>No system metrics of this run</h2>
      <p>
        CPU, memory, disk, network and GPUs are sampled by the sender, the process that ships a run
        while it trains. There are none where
      </p>
      <ul>
        <li>the run was logged offline and sent later: it had no sender,</li>
        <li>it ended within its first second,</li>
        <li>
          sampling was turned off: the interval in seconds is
          <CodeBlock code="export RUNWAKE_SYSTEM_INTERVAL=10" label="Shell" />
        </li>
      </ul>
    </div>
  );
}
