/**
 * Lines of a workspace: what its visible panels need, fetched together and piece by piece.
 *
 * Panels watch keys while they are on screen. After a short pause one request asks for all that is
 * missing: new keys for all runs, or known keys for those runs alone that have grown. What is
 * shown stays until its successor is here. Knows nothing of React.
 */

import type { LineData } from "../charts/types";
import type { Line, LinesRequest } from "./types";

export interface RunVersion {
  readonly id: string;
  /** Rows of history: a line read at fewer rows is stale. */
  readonly num_rows: number;
}

export interface LineSnapshot {
  readonly x: string;
  readonly lines: ReadonlyMap<string, LineData>;
  /** False until the first answer. */
  readonly ready: boolean;
  readonly problem: string | null;
}

/** What the store asks for; of which history is its owner's affair. */
export type LinesQuestion = Omit<LinesRequest, "source">;

type FetchLines = (question: LinesQuestion) => Promise<Line[]>;

interface Cell {
  readonly x: string;
  readonly rows: number;
}

interface Group {
  readonly x: string;
  readonly keys: string[];
  readonly runs: RunVersion[];
}

const EMPTY: LineSnapshot = { x: "_step", lines: new Map(), ready: false, problem: null };
const MAX_KEYS = 200;
const MAX_RUNS = 2_000;
/** Points per answer that a browser draws without a hitch. */
const POINTS_PER_KEY = 150_000;
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];

/** Fewer buckets where there are very many lines. */
export function bucketsFor(numRuns: number, wanted = 1_000): number {
  return Math.max(100, Math.min(wanted, Math.floor(POINTS_PER_KEY / Math.max(1, numRuns))));
}

export function toLineData(line: Line): LineData {
  return {
    x: line.x,
    last: line.last,
    minimum: line.minimum,
    maximum: line.maximum,
    nonfiniteX: line.nonfinite_x,
    nonfinite: line.nonfinite,
    numPoints: line.num_points,
  };
}

export class LineStore {
  private readonly watched = new Map<string, Set<() => void>>();
  private readonly snapshots = new Map<string, LineSnapshot>();
  private readonly cells = new Map<string, Map<string, Cell>>();
  private runs: readonly RunVersion[] = [];
  private xOf: (key: string) => string = () => "_step";
  private timer: ReturnType<typeof setTimeout> | null = null;
  private busy = false;
  private failures = 0;
  private closed = false;

  constructor(
    private readonly fetchLines: FetchLines,
    private readonly pauseMs = 40,
  ) {}

  /** The runs that are shown, with their present lengths. */
  setRuns(runs: readonly RunVersion[]): void {
    this.runs = runs;
    this.schedule();
  }

  /** What each key is drawn over. */
  setX(xOf: (key: string) => string): void {
    this.xOf = xOf;
    this.schedule();
  }

  /** Keeps `key` fresh until the returned function is called. */
  watch(key: string, listener: () => void): () => void {
    const listeners = this.watched.get(key) ?? new Set();
    listeners.add(listener);
    this.watched.set(key, listeners);
    this.schedule();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.watched.delete(key);
    };
  }

  get(key: string): LineSnapshot {
    return this.snapshots.get(key) ?? EMPTY;
  }

  open(): void {
    this.closed = false;
    this.schedule();
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private schedule(delayMs = this.pauseMs): void {
    if (this.timer !== null || this.busy || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.work();
    }, delayMs);
  }

  private async work(): Promise<void> {
    const group = this.nextGroup();
    if (group === null) return;
    this.busy = true;
    const { x } = group;
    try {
      const lines = await this.fetchLines({
        keys: group.keys,
        runs: group.runs.map((run) => run.id),
        x,
        max_buckets: bucketsFor(this.runs.length),
      });
      this.failures = 0;
      this.apply(group, x, lines);
    } catch (error) {
      this.failures += 1;
      this.fail(group, error instanceof Error ? error.message : String(error));
    } finally {
      this.busy = false;
      const retry = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1];
      this.schedule(retry ?? this.pauseMs);
    }
  }

  /** What to ask for next: keys over the same x that miss the same runs go together. */
  private nextGroup(): Group | null {
    const groups = new Map<string, Group>();
    for (const key of this.watched.keys()) {
      const stale = this.runs.filter((run) => this.isStale(key, run)).slice(0, MAX_RUNS);
      if (stale.length === 0) {
        this.settle(key);
        continue;
      }
      const x = this.xOf(key);
      const signature = [x, ...stale.map((run) => run.id)].join("\n");
      const group = groups.get(signature) ?? { x, keys: [], runs: stale };
      if (group.keys.length < MAX_KEYS) group.keys.push(key);
      groups.set(signature, group);
    }
    const all = [...groups.values()];
    return all.sort((a, b) => b.keys.length - a.keys.length)[0] ?? null;
  }

  private isStale(key: string, run: RunVersion): boolean {
    if (run.num_rows === 0) return false;
    const cell = this.cells.get(key)?.get(run.id);
    return cell === undefined || cell.x !== this.xOf(key) || cell.rows < run.num_rows;
  }

  /** A key for which there is nothing to ask is ready, though it may be empty. */
  private settle(key: string): void {
    const snapshot = this.get(key);
    const x = this.xOf(key);
    if (snapshot.ready && snapshot.x === x) return;
    this.publish(key, { ...snapshot, x, ready: true, problem: null });
  }

  private apply(group: Group, x: string, lines: readonly Line[]): void {
    const answered = new Map<string, Map<string, LineData>>();
    for (const key of group.keys) answered.set(key, new Map());
    for (const line of lines) answered.get(line.key)?.set(line.run, toLineData(line));
    for (const [key, fresh] of answered) {
      const former = this.get(key);
      const next = former.x === x ? new Map(former.lines) : new Map<string, LineData>();
      const cells = this.cells.get(key) ?? new Map<string, Cell>();
      for (const run of group.runs) {
        const data = fresh.get(run.id);
        if (data === undefined) next.delete(run.id);
        else next.set(run.id, data);
        cells.set(run.id, { x, rows: run.num_rows });
      }
      this.cells.set(key, cells);
      this.publish(key, { x, lines: next, ready: true, problem: null });
    }
  }

  private fail(group: Group, problem: string): void {
    for (const key of group.keys) this.publish(key, { ...this.get(key), problem });
  }

  private publish(key: string, snapshot: LineSnapshot): void {
    this.snapshots.set(key, snapshot);
    for (const listener of this.watched.get(key) ?? []) listener();
  }
}
