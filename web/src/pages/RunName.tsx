import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { client, unwrap } from "../api/client";
import { runQuery } from "../api/queries";
import type { RunDetail } from "../api/types";
import { useProject } from "../panels/project-context";
import { IconButton } from "../ui/IconButton";

/** A run's name, and the way to change it: Enter keeps, Esc drops. */
export function RunName({ run }: { run: RunDetail }) {
  const { ref } = useProject();
  const cache = useQueryClient();
  const [draft, setDraft] = useState<string | null>(null);
  const rename = useMutation({
    mutationFn: (name: string) =>
      unwrap(
        client.PATCH("/api/v1/projects/{entity}/{project}/runs/{run}", {
          params: { path: { ...ref, run: run.id } },
          body: { name },
        }),
      ),
    onSuccess: (next) => {
      cache.setQueryData(runQuery(ref, run.id).queryKey, next);
      setDraft(null);
    },
  });
  const keep = () => {
    const name = draft?.trim() ?? "";
    if (name === "" || name === run.name) setDraft(null);
    else rename.mutate(name);
  };
  if (draft === null)
    return (
      <h1 className="run-head__name">
        <span className="truncate" title={run.name}>
          {run.name}
        </span>
        <IconButton label="Rename" onClick={() => setDraft(run.name)}>
          <Pencil size={13} />
        </IconButton>
      </h1>
    );
  return (
    <span className="run-head__rename">
      <span className="field" data-invalid={rename.isError}>
        <input
          // biome-ignore lint/a11y/noAutofocus: the user has just asked to type here.
          autoFocus
          aria-label="Name of the run"
          value={draft}
          maxLength={512}
          disabled={rename.isPending}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={keep}
          onKeyDown={(event) => {
            if (event.key === "Enter") keep();
            if (event.key === "Escape") setDraft(null);
          }}
        />
      </span>
      {rename.error !== null && (
        <span className="field-problem" role="alert">
          Not renamed: {rename.error.message}
        </span>
      )}
    </span>
  );
}
