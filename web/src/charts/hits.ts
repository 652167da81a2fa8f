/** What lies under the pointer: one point per line, the nearest line first. Pure. */

import { nearestIndex } from "./scale";
import type { Hit, Series } from "./types";

export interface Pointer {
  readonly x: number;
  /** Pixels from the top of the plot; null where the pointer is in another panel. */
  readonly top: number | null;
}

/**
 * @param reach how far in x units a point may be from the pointer and still count.
 * @param toPixel maps a value to pixels from the top of the plot.
 */
export function findHits(
  series: readonly Series[],
  smoothedOf: (series: Series) => readonly number[] | null,
  pointer: Pointer,
  reach: number,
  toPixel: (value: number) => number,
): Hit[] {
  const hits: Hit[] = [];
  for (const line of series) {
    const { data } = line;
    const index = nearestIndex(data.x, pointer.x);
    const x = data.x[index];
    const value = data.last[index];
    if (x === undefined || value === undefined) continue;
    const first = data.x[0] ?? x;
    const last = data.x[data.x.length - 1] ?? x;
    const outside = pointer.x < first - reach || pointer.x > last + reach;
    if (outside) continue;
    const smoothed = smoothedOf(line)?.[index] ?? null;
    const drawnAt = toPixel(smoothed ?? value);
    hits.push({
      id: line.id,
      label: line.label,
      color: line.color,
      x,
      isAside: Math.abs(x - pointer.x) > 2 * reach,
      value,
      smoothed,
      minimum: data.minimum[index] ?? null,
      maximum: data.maximum[index] ?? null,
      distance: pointer.top === null ? 0 : Math.abs(drawnAt - pointer.top),
    });
  }
  return hits.sort((a, b) => a.distance - b.distance || compareDescending(a.value, b.value));
}

function compareDescending(a: number, b: number): number {
  return Number.isFinite(a) && Number.isFinite(b) ? b - a : 0;
}
