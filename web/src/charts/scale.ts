/** Ranges of axes and look-ups on ordered x. Pure. */

export type Range = readonly [number, number];

/** The extent of what is drawn, NaN and infinities left out; null when nothing is left. */
export class Extent {
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;

  /** Takes `values[from..to]` in. With `positive`, only what a logarithmic axis can show. */
  add(values: readonly number[], from = 0, to = values.length, positive = false): void {
    for (let i = from; i < to; i++) {
      const value = values[i];
      if (value === undefined || !Number.isFinite(value) || (positive && value <= 0)) continue;
      if (value < this.low) this.low = value;
      if (value > this.high) this.high = value;
    }
  }

  get range(): Range | null {
    return this.low <= this.high ? [this.low, this.high] : null;
  }
}

/** Widens a y range by 5 %, or around a single value, so that no line lies on the frame. */
export function padRange([low, high]: Range, logarithmic: boolean): Range {
  if (logarithmic) {
    if (low === high) return [low / 2, high * 2];
    const margin = (high / low) ** 0.05;
    return [low / margin, high * margin];
  }
  if (low === high) {
    const margin = low === 0 ? 1 : Math.abs(low) * 0.1;
    return [low - margin, high + margin];
  }
  // Halves keep the difference of ±1e308 within the numbers.
  const margin = (high / 2 - low / 2) * 0.1;
  const padded: Range = [
    Math.max(-Number.MAX_VALUE / 4, low - margin),
    Math.min(Number.MAX_VALUE / 4, high + margin),
  ];
  return padded;
}

/**
 * A range that begins not far above 0 begins at 0: what is logged once an epoch then stands under
 * the same steps as what is logged once a batch.
 */
export function fromZero([low, high]: Range): Range {
  return low > 0 && low < 0.1 * (high - low) ? [0, high] : [low, high];
}

/** Index of the first element that is not below `x`. */
export function lowerBound(xs: readonly number[], x: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? Number.POSITIVE_INFINITY) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the element nearest to `x`, −1 in an empty list. */
export function nearestIndex(xs: readonly number[], x: number): number {
  if (xs.length === 0) return -1;
  const after = lowerBound(xs, x);
  if (after === 0) return 0;
  if (after === xs.length) return after - 1;
  const left = xs[after - 1] ?? 0;
  const right = xs[after] ?? 0;
  return x - left <= right - x ? after - 1 : after;
}

/** Index range [from, to) of what lies in the window, with one neighbour on each side. */
export function windowOf(xs: readonly number[], [low, high]: Range): [number, number] {
  const from = Math.max(0, lowerBound(xs, low) - 1);
  let to = lowerBound(xs, high);
  while (to < xs.length && (xs[to] ?? 0) <= high) to += 1;
  return [from, Math.min(xs.length, to + 1)];
}

/** Whether all finite values of the arrays are whole numbers. */
export function areWhole(...arrays: readonly (readonly number[])[]): boolean {
  return arrays.every((values) => values.every((v) => Number.isInteger(v) || !Number.isFinite(v)));
}

const DURATION_STEPS = [
  1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
  1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 2_592_000,
  8_640_000, 31_536_000,
];

/** Steps between ticks of an axis of seconds: seconds, minutes, hours, days. */
export function durationSteps(): number[] {
  return DURATION_STEPS;
}
