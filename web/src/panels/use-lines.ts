import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { bucketsFor, type LineSnapshot, toLineData } from "../api/line-store";
import { linesQuery } from "../api/queries";
import type { Run } from "../api/types";
import type { LineData, Series, XKind } from "../charts/types";
import { colorAt, dashAt } from "../lib/colors";
import { useTheme } from "../lib/theme";
import { useThrottled } from "../lib/use-throttled";
import { useProject } from "./project-context";
import { useWorkspace } from "./workspace-context";

export type Window = readonly [number, number];

/** A zoomed part of live runs is read again this often. */
const DETAIL_REFRESH_MS = 1_000;

/** The lines of one key, kept fresh while the calling panel is mounted. */
export function useLines(key: string): LineSnapshot {
  const { lines } = useWorkspace();
  const subscribe = useCallback((listener: () => void) => lines.watch(key, listener), [lines, key]);
  return useSyncExternalStore(subscribe, () => lines.get(key));
}

/** The lines of a part of x at full resolution; null until they are here. */
export function useDetail(
  key: string,
  window: Window | null,
  buckets: number,
  enabled: boolean,
): { lines: ReadonlyMap<string, LineData> | null; isFetching: boolean } {
  const { ref, runs, source, xOf } = useWorkspace();
  const x = xOf(key);
  const request = {
    source,
    keys: [key],
    runs: runs.map((run) => run.id),
    x,
    x_min: window?.[0] ?? null,
    x_max: window?.[1] ?? null,
    max_buckets: bucketsFor(runs.length, buckets),
  };
  const version = useThrottled(
    runs.reduce((sum, run) => sum + run.num_rows, 0),
    DETAIL_REFRESH_MS,
  );
  const { data, isFetching } = useQuery({ ...linesQuery(ref, request, version), enabled });
  const fits =
    enabled && data !== undefined && data.request.x === x && sameWindow(data.request, window);
  const lines = useMemo(
    () => (fits ? new Map(data.lines.map((line) => [line.run, toLineData(line)])) : null),
    [fits, data],
  );
  return { lines, isFetching: isFetching && enabled };
}

function sameWindow(
  request: { x_min?: number | null; x_max?: number | null },
  window: Window | null,
): boolean {
  return request.x_min === (window?.[0] ?? null) && request.x_max === (window?.[1] ?? null);
}

/** Gives lines the names and colours of their runs, in the order of the run list. */
export function useSeries(
  runs: readonly Run[],
  lines: ReadonlyMap<string, LineData>,
): readonly Series[] {
  const { places } = useProject();
  const theme = useTheme();
  return useMemo(
    () =>
      runs.flatMap((run) => {
        const data = lines.get(run.id);
        if (data === undefined) return [];
        const place = places.of(run.id);
        return [
          {
            id: run.id,
            label: run.name,
            color: colorAt(place, theme),
            dash: dashAt(place),
            data,
          },
        ];
      }),
    [runs, lines, places, theme],
  );
}

export function xKind(x: string): XKind {
  if (x === "_runtime") return "duration";
  return x === "_timestamp" ? "time" : "number";
}

/** The name of an x axis as axes and tooltips say it. */
export function xName(x: string): string {
  if (x === "_step") return "step";
  if (x === "_runtime") return "time since start";
  return x === "_timestamp" ? "wall time" : x;
}
