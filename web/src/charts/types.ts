/** What charts draw. Nothing here knows of React, of HTTP or of runs beyond their id and colour. */

/** One line as the server answers it: parallel arrays ordered by x. */
export interface LineData {
  readonly x: readonly number[];
  readonly last: readonly number[];
  /** Empty when every point is raw. */
  readonly minimum: readonly number[];
  readonly maximum: readonly number[];
  readonly nonfiniteX: readonly number[];
  /** 0 NaN, 1 +∞, −1 −∞. */
  readonly nonfinite: readonly number[];
  readonly numPoints: number;
}

/** A line with its looks. */
export interface Series {
  /** Unique in its chart. */
  readonly id: string;
  readonly label: string;
  readonly color: string;
  /** Dash pattern in CSS pixels; empty: solid. */
  readonly dash: readonly number[];
  readonly data: LineData;
}

export type XKind = "number" | "duration" | "time";

export interface ChartOptions {
  readonly xKind: XKind;
  readonly xLog: boolean;
  readonly yLog: boolean;
  /** Said beside the y axis; empty: none. */
  readonly yUnit: string;
  /** 0 … 1, see `smooth`. */
  readonly smoothing: number;
  /** The part of x that is shown; null: all. */
  readonly window: readonly [number, number] | null;
}

/** One entry of the tooltip. */
export interface Hit {
  readonly id: string;
  readonly label: string;
  readonly color: string;
  readonly x: number;
  /** Whether the point's x is well away from the pointer's. */
  readonly isAside: boolean;
  readonly value: number;
  readonly smoothed: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Distance of the drawn point from the pointer in pixels. */
  readonly distance: number;
}
