/**
 * What changes in a project, as it changes: the server's event stream, or polling where streams
 * do not get through. Reconnects by itself and goes on at the last cursor.
 */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { keysKey, type ProjectRef, runKey, runsKey } from "./queries";
import type { Changes, Run, RunPage } from "./types";

export type LiveStatus = "connecting" | "live" | "lost";

const POLL_MS = 2_000;
const RECONNECT_MS = [500, 1_000, 2_000, 5_000];
/** Keys of a project are read again at most this often while runs grow. */
const KEYS_INTERVAL_MS = 2_500;
/** … and what only a run's own page shows, this often. */
const DETAIL_INTERVAL_MS = 1_000;

export class LiveConnection {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private failures = 0;
  private everOpened = false;
  private closed = false;

  constructor(
    private readonly ref: ProjectRef,
    private cursor: string,
    private readonly onChanges: (changes: Changes) => void,
    private readonly onStatus: (status: LiveStatus) => void,
  ) {}

  open(): void {
    const { entity, project } = this.ref;
    const path = [entity, project].map(encodeURIComponent).join("/");
    const url = `/api/v1/projects/${path}/live?cursor=${encodeURIComponent(this.cursor)}`;
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => {
      this.everOpened = true;
      this.failures = 0;
      this.onStatus("live");
    };
    source.addEventListener("changes", (event) => {
      this.take(JSON.parse(event.data as string) as Changes);
    });
    source.onerror = () => {
      source.close();
      this.failures += 1;
      if (this.failures > 1 || this.everOpened) this.onStatus("lost");
      if (!this.everOpened && this.failures > 2) this.poll();
      else this.again(() => this.open());
    };
  }

  close(): void {
    this.closed = true;
    this.source?.close();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private again(action: () => void): void {
    if (this.closed) return;
    const delay = RECONNECT_MS[Math.min(this.failures, RECONNECT_MS.length) - 1] ?? POLL_MS;
    this.timer = setTimeout(action, delay);
  }

  private async poll(): Promise<void> {
    try {
      const changes = await unwrap(
        client.GET("/api/v1/projects/{entity}/{project}/changes", {
          params: { path: { ...this.ref }, query: { cursor: this.cursor } },
        }),
      );
      this.onStatus("live");
      this.take(changes);
    } catch {
      this.onStatus("lost");
    }
    if (!this.closed) this.timer = setTimeout(() => void this.poll(), POLL_MS);
  }

  private take(changes: Changes): void {
    if (this.closed) return;
    this.cursor = changes.cursor;
    if (changes.runs.length > 0 || changes.deleted.length > 0) this.onChanges(changes);
  }
}

type RunPages = InfiniteData<RunPage, number>;

/** Puts changed runs into pages of a run list; new ones come first. Pure. */
export function mergeChanges(pages: RunPages, changes: Changes): RunPages {
  const changed = new Map(changes.runs.map((run) => [run.id, run]));
  const gone = new Set(changes.deleted);
  let removed = 0;
  const merged = pages.pages.map((page) => {
    const runs: Run[] = [];
    for (const run of page.runs) {
      if (gone.has(run.id)) {
        removed += 1;
        continue;
      }
      runs.push(changed.get(run.id) ?? run);
      changed.delete(run.id);
    }
    return { ...page, runs };
  });
  const added = [...changed.values()].sort((a, b) => b.started_at - a.started_at);
  return {
    pageParams: pages.pageParams,
    pages: merged.map((page, index) => ({
      ...page,
      runs: index === 0 ? [...added, ...page.runs] : page.runs,
      total: page.total + added.length - removed,
      cursor: changes.cursor,
    })),
  };
}

/** Brings the query cache up to date with what has changed. */
export class ChangeSink {
  private readonly grown = new Set<string>();
  private readonly refreshRuns = new Paced(DETAIL_INTERVAL_MS, () => {
    for (const run of this.grown)
      void this.cache.invalidateQueries({ queryKey: runKey(this.ref, run) });
    this.grown.clear();
  });
  private readonly refreshKeys = new Paced(KEYS_INTERVAL_MS, () => {
    void this.cache.invalidateQueries({ queryKey: keysKey(this.ref) });
  });

  constructor(
    private readonly cache: QueryClient,
    private readonly ref: ProjectRef,
  ) {}

  take = (changes: Changes): void => {
    this.cache.setQueriesData<RunPages>({ queryKey: runsKey(this.ref) }, (pages) =>
      pages === undefined ? pages : mergeChanges(pages, changes),
    );
    for (const run of changes.runs) this.grown.add(run.id);
    this.refreshRuns.ask();
    this.refreshKeys.ask();
  };

  close(): void {
    this.refreshRuns.close();
    this.refreshKeys.close();
  }
}

/** Does something soon after it was asked to, but never twice within an interval. */
class Paced {
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly intervalMs: number,
    private readonly action: () => void,
  ) {}

  ask(): void {
    if (this.timer !== null) return;
    const wait = Math.max(0, this.last + this.intervalMs - Date.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.last = Date.now();
      this.action();
    }, wait);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
