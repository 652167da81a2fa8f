import { useInfiniteQuery, usePrefetchQuery, useQueryClient } from "@tanstack/react-query";
import { CloudOff } from "lucide-react";
import { Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { Outlet, useLocation, useParams } from "react-router";
import { ApiError } from "../api/client";
import { ChangeSink, LiveConnection, type LiveStatus } from "../api/live";
import { keysQuery, type ProjectRef, runsQuery } from "../api/queries";
import { projectPath } from "../lib/addresses";
import { RunPlaces } from "../lib/colors";
import { HoverStore } from "../lib/hover";
import { useStored } from "../lib/use-stored";
import { useView } from "../lib/use-view";
import { ProjectContext } from "../panels/project-context";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { ErrorNotice } from "../ui/ErrorNotice";
import { FirstRun, Notice } from "../ui/Notice";
import { Finder, useFinder } from "./Finder";
import { TopBar } from "./TopBar";

const NONE: string[] = [];
/** A project that does not exist yet is looked for this often. */
const WAITING_MS = 2_000;

/** The frame of a project's pages: its runs, their colours, and what changes while one looks. */
export function ProjectLayout() {
  const { entity = "", project = "" } = useParams();
  return <Loaded key={`${entity}/${project}`} entity={entity} project={project} />;
}

function Loaded({ entity, project }: ProjectRef) {
  const ref = useMemo(() => ({ entity, project }), [entity, project]);
  const [view, changeView] = useView();
  const finder = useFinder();
  // Asked for beside the runs, rather than once they are here: charts are in view sooner.
  usePrefetchQuery(keysQuery(ref));
  const list = useInfiniteQuery({
    ...runsQuery(ref, view.sort),
    refetchInterval: (query) =>
      query.state.data === undefined || query.state.data.pages[0]?.total === 0 ? WAITING_MS : false,
  });
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const places = useMemo(() => new RunPlaces(`places:${entity}/${project}`), [entity, project]);
  places.learn(runs);
  const hover = useMemo(() => new HoverStore(), []);
  const live = useLive(ref, data?.pages[0]?.cursor);
  const [hidden, setHidden] = useHidden(ref);
  const state = useMemo(
    () => ({
      ref,
      runs,
      total: data?.pages[0]?.total ?? 0,
      places,
      hover,
      view,
      changeView,
      hidden,
      setHidden,
    }),
    [ref, runs, data, places, hover, view, changeView, hidden, setHidden],
  );
  useEffect(() => {
    document.title = `${project} · ${entity} · Runwake`;
  }, [entity, project]);

  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div className="page">
      <TopBar crumbs={crumbs(ref)} tabs={useTabs(ref)} onFind={finder.show} />
      <Finder {...finder} ref_={ref} runs={runs} />
      {live === "lost" && (
        <div className="banner" role="status">
          <CloudOff size={14} aria-hidden /> The connection to the server is lost. What you see is
          kept; it goes on by itself when the server is back.
        </div>
      )}
      <main className="page__body">
        {list.isPending && (
          <div className="thin-bar" role="progressbar" aria-label="Loading runs" />
        )}
        {missing || (data !== undefined && runs.length === 0) ? (
          <Notice title={`Waiting for the first run of ${project}`}>
            <p>This page fills by itself as soon as a run starts.</p>
            <FirstRun entity={entity} project={project} />
          </Notice>
        ) : error !== null && data === undefined ? (
          <ErrorNotice error={error} />
        ) : (
          data !== undefined && (
            <ProjectContext value={state}>
              <ErrorBoundary what="This page">
                <Suspense fallback={<div className="thin-bar" />}>
                  <Outlet />
                </Suspense>
              </ErrorBoundary>
            </ProjectContext>
          )
        )}
      </main>
    </div>
  );
}

function crumbs({ entity, project }: ProjectRef) {
  return [
    { label: entity, to: `/${encodeURIComponent(entity)}` },
    { label: project, to: projectPath(entity, project) },
  ];
}

function useTabs({ entity, project }: ProjectRef) {
  const { pathname, search } = useLocation();
  const base = projectPath(entity, project);
  const here = pathname.replace(/\/$/, "");
  return [
    {
      label: "Workspace",
      to: base + search,
      active: here === base || here === `${base}/workspace`,
    },
    {
      label: "Runs",
      to: `${base}/table${search}`,
      active: here === `${base}/table` || here.startsWith(`${base}/runs/`),
    },
  ];
}

/** Follows the project from the cursor of the first run list on. */
function useLive(ref: ProjectRef, cursor: string | undefined): LiveStatus {
  const cache = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>("connecting");
  const [start, setStart] = useState(cursor);
  if (start === undefined && cursor !== undefined) setStart(cursor);
  useEffect(() => {
    if (start === undefined) return;
    const sink = new ChangeSink(cache, ref);
    const connection = new LiveConnection(ref, start, sink.take, setStatus);
    connection.open();
    return () => {
      connection.close();
      sink.close();
    };
  }, [cache, ref, start]);
  return status;
}

function useHidden({ entity, project }: ProjectRef) {
  const [list, setList] = useStored(`hidden:${entity}/${project}`, NONE);
  const hidden = useMemo<ReadonlySet<string>>(() => new Set(list), [list]);
  const setHidden = useCallback(
    (change: (hidden: ReadonlySet<string>) => ReadonlySet<string>) =>
      setList((former) => [...change(new Set(former))]),
    [setList],
  );
  return [hidden, setHidden] as const;
}
