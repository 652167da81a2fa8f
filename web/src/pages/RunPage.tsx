import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { Link, useParams } from "react-router";
import { ApiError } from "../api/client";
import { runQuery } from "../api/queries";
import type { RunDetail } from "../api/types";
import { formatDuration, formatTime } from "../charts/format";
import { runPath } from "../lib/addresses";
import { colorAt } from "../lib/colors";
import { useTheme } from "../lib/theme";
import { useProject } from "../panels/project-context";
import { CopyButton } from "../ui/CopyButton";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { ErrorNotice } from "../ui/ErrorNotice";
import { StateMark } from "../ui/StateMark";
import { ConsoleView } from "./ConsoleView";
import { NotFoundPage } from "./NotFoundPage";
import { RunCharts } from "./RunCharts";
import { RunFiles } from "./RunFiles";
import { RunName } from "./RunName";
import { RunOverview } from "./RunOverview";
import { RunSystem } from "./RunSystem";

const TABS = [
  ["overview", "Overview"],
  ["charts", "Charts"],
  ["system", "System"],
  ["logs", "Logs"],
  ["files", "Files"],
] as const;

/** One run: what it was given, its charts, what it printed, its files. */
export function RunPage() {
  const { run: id = "", tab = "charts" } = useParams();
  const { ref, runs } = useProject();
  const { data, error, isPending } = useQuery(runQuery(ref, id));
  // The live stream knows first how far the run is.
  const row = runs.find((other) => other.id === id);
  const run = useMemo(
    () =>
      data !== undefined && row !== undefined && row.updated_at > data.updated_at
        ? { ...data, ...row }
        : data,
    [data, row],
  );
  const name = run?.name;
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · ${ref.project} · Runwake`;
  }, [name, ref.project]);
  if (error instanceof ApiError && error.status === 404)
    return <NotFoundPage what={`There is no run ${id} in this project`} />;
  if (error !== null && data === undefined) return <ErrorNotice error={error} />;
  if (isPending || run === undefined) return <div className="thin-bar" role="progressbar" />;
  const shown = tab === "workspace" ? "charts" : tab;
  return (
    <div className="run-page">
      <RunHead run={run} tab={shown} />
      <div className="run-page__body">
        <ErrorBoundary what="This tab" key={shown}>
          <TabBody run={run} tab={shown} />
        </ErrorBoundary>
      </div>
    </div>
  );
}

function TabBody({ run, tab }: { run: RunDetail; tab: string }) {
  if (tab === "overview") return <RunOverview run={run} />;
  if (tab === "system") return <RunSystem key={run.id} run={run} />;
  if (tab === "logs") return <ConsoleView key={run.id} run={run} />;
  if (tab === "files") return <RunFiles run={run} />;
  if (tab === "charts") return <RunCharts run={run} />;
  return <NotFoundPage what={`A run has no page “${tab}”`} />;
}

function RunHead({ run, tab }: { run: RunDetail; tab: string }) {
  const { ref, places } = useProject();
  const theme = useTheme();
  return (
    <header className="run-head">
      <div className="run-head__line">
        <span className="dot" style={{ background: colorAt(places.of(run.id), theme) }} />
        <RunName run={run} />
        <StateMark state={run.state} text />
        <span className="muted" title={formatTime(run.started_at)}>
          {formatDuration(run.duration_s)}
        </span>
        <span className="run-head__id muted">
          <span className="mono truncate">{run.id}</span>
          <CopyButton text={`${ref.entity}/${ref.project}/${run.id}`} label="Copy run path" />
        </span>
      </div>
      <nav className="tabs" aria-label="Run">
        {TABS.map(([path, label]) => (
          <Link
            key={path}
            className="tab"
            to={runPath(ref.entity, ref.project, run.id, path)}
            aria-current={tab === path ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
    </header>
  );
}
