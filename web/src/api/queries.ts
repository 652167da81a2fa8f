/** Query options per resource: the one place where cache keys are made. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import type { LinesRequest, Source } from "./types";

export interface ProjectRef {
  readonly entity: string;
  readonly project: string;
}

/** Runs per request; further pages follow by themselves until all are here. */
export const RUNS_PER_PAGE = 500;
export const CONSOLE_PAGE = 1_000;

export const projectKey = ({ entity, project }: ProjectRef) =>
  ["project", entity, project] as const;
export const runsKey = (ref: ProjectRef) => [...projectKey(ref), "runs"] as const;
export const keysKey = (ref: ProjectRef) => [...projectKey(ref), "keys"] as const;
export const runKey = (ref: ProjectRef, run: string) => [...projectKey(ref), "run", run] as const;

export const serverQuery = () =>
  queryOptions({
    queryKey: ["server"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/server", { signal })),
    staleTime: 60_000,
  });

export const projectsQuery = () =>
  queryOptions({
    queryKey: ["projects"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/v1/projects", { signal })),
    refetchInterval: 5_000,
  });

export const projectQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: [...projectKey(ref), "about"],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}", { params: { path: { ...ref } }, signal }),
      ),
  });

export const runsQuery = (ref: ProjectRef, sort: string) =>
  infiniteQueryOptions({
    queryKey: [...runsKey(ref), sort],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/runs", {
          params: { path: { ...ref }, query: { sort, limit: RUNS_PER_PAGE, offset: pageParam } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const loaded = pages.reduce((sum, page) => sum + page.runs.length, 0);
      return last.runs.length > 0 && loaded < last.total ? loaded : undefined;
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY, // kept up to date by the live stream
  });

export const keysQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: keysKey(ref),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/keys", {
          params: { path: { ...ref } },
          signal,
        }),
      ),
    // What was asked for ahead of its page is not asked for again by it; changes invalidate it.
    staleTime: 5_000,
  });

export const linesQuery = (ref: ProjectRef, request: LinesRequest, version: number) =>
  queryOptions({
    queryKey: [...projectKey(ref), "lines", request, version],
    // With its request: a former answer stays in view only while it fits what is asked now.
    queryFn: async ({ signal }) => ({ request, lines: await fetchLines(ref, request, signal) }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });

export async function fetchLines(ref: ProjectRef, body: LinesRequest, signal?: AbortSignal) {
  const answer = await unwrap(
    client.POST("/api/v1/projects/{entity}/{project}/lines", {
      params: { path: { ...ref } },
      body,
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  return answer.lines;
}

/** Images of some runs at the last logged step at or before `step`. */
export const mediaQuery = (
  ref: ProjectRef,
  key: string,
  runs: readonly string[],
  step: number,
  version: number,
) =>
  queryOptions({
    queryKey: [...projectKey(ref), "media", key, runs, step, version],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/media", {
          params: { path: { ...ref }, query: { key, run: [...runs], step } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
  });

const ofRun = (ref: ProjectRef, run: string) => ({ params: { path: { ...ref, run } } });

export const runQuery = (ref: ProjectRef, run: string) =>
  queryOptions({
    queryKey: [...runKey(ref, run), "detail"],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/runs/{run}", {
          ...ofRun(ref, run),
          signal,
        }),
      ),
  });

export const runKeysQuery = (ref: ProjectRef, run: string, source: Source = "history") =>
  queryOptions({
    queryKey: [...runKey(ref, run), "keys", source],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/runs/{run}/keys", {
          params: { path: { ...ref, run }, query: { source } },
          signal,
        }),
      ),
  });

export const filesQuery = (ref: ProjectRef, run: string) =>
  queryOptions({
    queryKey: [...runKey(ref, run), "files"],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/runs/{run}/files", {
          ...ofRun(ref, run),
          signal,
        }),
      ),
  });

/** Console lines from `first` on; negative: that many from the end. */
export function fetchConsole(
  ref: ProjectRef,
  run: string,
  first: number,
  limit = CONSOLE_PAGE,
  signal?: AbortSignal,
) {
  return unwrap(
    client.GET("/api/v1/projects/{entity}/{project}/runs/{run}/console", {
      params: { path: { ...ref, run }, query: { first, limit } },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}
