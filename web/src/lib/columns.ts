/** Columns of the run table: which there are, and what a run has in them. Pure. */

import type { Run } from "../api/types";
import { differing, flatten } from "./flatten";

export interface Column {
  /** As the server sorts by it: a run field, `config.<path>` or `summary.<path>`. */
  readonly id: string;
  readonly label: string;
  readonly group: "run" | "config" | "summary";
}

export const RUN_COLUMNS: readonly Column[] = [
  { id: "state", label: "State", group: "run" },
  { id: "started_at", label: "Created", group: "run" },
  { id: "duration_s", label: "Duration", group: "run" },
  { id: "num_rows", label: "Rows", group: "run" },
  { id: "tags", label: "Tags", group: "run" },
  { id: "group", label: "Group", group: "run" },
  { id: "job_type", label: "Job type", group: "run" },
  { id: "host", label: "Host", group: "run" },
];

const ALWAYS = ["state", "started_at", "duration_s"];
const MAX_AUTO = 24;
/** Enough runs to see which columns there are. */
const SAMPLE = 300;

export interface RunCells {
  readonly config: Map<string, unknown>;
  readonly summary: Map<string, unknown>;
}

const cache = new WeakMap<Run, RunCells>();

/** Config and summary of a run by flat path. */
export function cellsOf(run: Run): RunCells {
  const known = cache.get(run);
  if (known !== undefined) return known;
  const cells = { config: flatten(run.config), summary: flatten(run.summary) };
  cache.set(run, cells);
  return cells;
}

export function cellValue(run: Run, column: Column): unknown {
  if (column.group === "run") return run[column.id as keyof Run];
  const path = column.id.slice(column.group.length + 1);
  return cellsOf(run)[column.group].get(path);
}

/** All columns that any of the runs could fill. */
export function allColumns(runs: readonly Run[]): Column[] {
  const found = new Map<string, Column>();
  for (const run of runs.slice(0, SAMPLE)) {
    const cells = cellsOf(run);
    for (const group of ["config", "summary"] as const)
      for (const [path, value] of cells[group]) {
        const id = `${group}.${path}`;
        if (!found.has(id) && !isMedia(value)) found.set(id, { id, label: path, group });
      }
  }
  const order = new Intl.Collator("en", { numeric: true });
  const rest = [...found.values()].sort(
    (a, b) => order.compare(a.group, b.group) || order.compare(a.label, b.label),
  );
  return [...RUN_COLUMNS, ...rest];
}

/** The columns to begin with: how runs stand, what differs in their config, their metrics. */
export function defaultColumns(runs: readonly Run[]): string[] {
  const sample = runs.slice(0, SAMPLE);
  const config = differing(sample.map((run) => cellsOf(run).config)).map(
    (path) => `config.${path}`,
  );
  const numbers = new Set<string>();
  for (const run of sample)
    for (const [path, value] of cellsOf(run).summary)
      if (typeof value === "number" && !path.startsWith("_")) numbers.add(`summary.${path}`);
  const half = MAX_AUTO / 2;
  return [...ALWAYS, ...config.slice(0, half), ...[...numbers].slice(0, half)];
}

function isMedia(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_type" in value;
}

/** The sort that a click on a column's head asks for: descending, ascending, then the default. */
export function nextSort(sort: string, column: string, fallback: string): string {
  if (sort === `-${column}`) return column;
  return sort === column ? fallback : `-${column}`;
}
