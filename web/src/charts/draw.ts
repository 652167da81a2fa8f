/** Draws lines, min–max bands and marks of values that are not finite. Pure canvas, no uPlot. */

import { type Range, windowOf } from "./scale";
import type { LineData, Series } from "./types";

/** Where the plot lies on the canvas and how values map to canvas pixels. */
export interface Frame {
  readonly ctx: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly window: Range;
  /** Values at or below it can't be shown (0 on a logarithmic axis). */
  readonly floor: number;
  /** So many lines that each is drawn finer. */
  readonly isDense: boolean;
  /** Whether each point is marked by a dot. */
  readonly hasDots: boolean;
}

/** How a line stands against the others. */
export type Emphasis = "normal" | "focused" | "dimmed";

const BAND_ALPHA = 0.18;
const ORIGINAL_ALPHA = 0.25;
const DIMMED_ALPHA = 0.2;
const DENSE_ALPHA = 0.7;
const SPIKE_ALPHA = 0.6;
/** A bucket that sticks out of its neighbours by more than this is drawn as a spike … */
const SPIKE_PX = 6;
/** … if that is also more than so many times the height of their bands: noise is no spike. */
const SPIKE_RATIO = 2;

/** A mapping of values to pixels, linear or logarithmic. */
export function mapping(
  [low, high]: Range,
  start: number,
  length: number,
  logarithmic: boolean,
): (value: number) => number {
  if (logarithmic) {
    const from = Math.log10(low);
    const scale = length / (Math.log10(high) - from);
    return (value) => start + (Math.log10(value) - from) * scale;
  }
  // Divide first: high − low of huge values may overflow.
  const width = high / 2 - low / 2;
  return (value) => start + ((value / 2 - low / 2) / width) * length;
}

export function drawSeries(
  frame: Frame,
  series: Series,
  smoothed: readonly number[] | null,
  emphasis: Emphasis,
): void {
  const { ctx, ratio } = frame;
  const { data } = series;
  const [from, to] = windowOf(data.x, frame.window);
  const normal = frame.isDense ? DENSE_ALPHA : 1;
  const strength = emphasis === "dimmed" ? DIMMED_ALPHA : emphasis === "focused" ? 1 : normal;
  ctx.strokeStyle = series.color;
  ctx.fillStyle = series.color;
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  if (data.minimum.length > 0) {
    ctx.globalAlpha = BAND_ALPHA * strength;
    fillBand(frame, data, from, to);
    ctx.globalAlpha = SPIKE_ALPHA * strength;
    ctx.lineWidth = ratio;
    ctx.setLineDash([]);
    strokeSpikes(frame, data, from, to);
  }
  const shown = smoothed ?? data.last;
  if (smoothed !== null) {
    ctx.globalAlpha = ORIGINAL_ALPHA * strength;
    ctx.lineWidth = ratio;
    ctx.setLineDash([]);
    strokeLine(frame, data, data.last, from, to);
  }
  ctx.globalAlpha = strength;
  ctx.lineWidth = (emphasis === "focused" ? 2.5 : frame.isDense ? 1 : 1.5) * ratio;
  ctx.setLineDash(series.dash.map((length) => length * ratio));
  const lonely = strokeLine(frame, data, shown, from, to);
  ctx.setLineDash([]);
  drawDots(frame, data.x, shown, frame.hasDots ? range(from, to) : lonely);
  drawMarks(frame, data);
  ctx.globalAlpha = 1;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Strokes the line, broken where a value is missing; returns points without a neighbour. */
function strokeLine(
  frame: Frame,
  data: LineData,
  ys: readonly number[],
  from: number,
  to: number,
): number[] {
  const { ctx } = frame;
  const lonely: number[] = [];
  let breaks = 0;
  let length = 0;
  ctx.beginPath();
  for (let i = from; i < to; i++) {
    const x = data.x[i] ?? 0;
    const y = ys[i] ?? Number.NaN;
    let broken = false;
    while (breaks < data.nonfiniteX.length && (data.nonfiniteX[breaks] ?? 0) <= x) {
      broken ||= i > from && (data.nonfiniteX[breaks] ?? 0) > (data.x[i - 1] ?? 0);
      breaks += 1;
    }
    const visible = Number.isFinite(y) && y > frame.floor;
    if (broken || !visible) {
      if (length === 1) lonely.push(i - 1);
      length = 0;
    }
    if (!visible) continue;
    if (length === 0) ctx.moveTo(frame.x(x), frame.y(y));
    else ctx.lineTo(frame.x(x), frame.y(y));
    length += 1;
  }
  if (length === 1) lonely.push(to - 1);
  ctx.stroke();
  return lonely;
}

function fillBand(frame: Frame, data: LineData, from: number, to: number): void {
  const { ctx } = frame;
  const bottom = frame.top + frame.height;
  const y = (value: number | undefined) =>
    value !== undefined && value > frame.floor ? frame.y(value) : bottom;
  ctx.beginPath();
  for (let i = from; i < to; i++) ctx.lineTo(frame.x(data.x[i] ?? 0), y(data.maximum[i]));
  for (let i = to - 1; i >= from; i--) ctx.lineTo(frame.x(data.x[i] ?? 0), y(data.minimum[i]));
  ctx.closePath();
  ctx.fill();
}

/**
 * A single outlier among millions makes a band of less than a pixel's width: nobody would see it.
 * So what sticks out well beyond the neighbouring bands is drawn as a line of its own.
 */
function strokeSpikes(frame: Frame, data: LineData, from: number, to: number): void {
  const { ctx } = frame;
  const reach = SPIKE_PX * frame.ratio;
  const at = (values: readonly number[], i: number) => {
    const value = values[i] ?? Number.NaN;
    return value > frame.floor ? frame.y(value) : frame.top + frame.height;
  };
  ctx.beginPath();
  for (let i = from; i < to; i++) {
    const top = at(data.maximum, i);
    const bottom = at(data.minimum, i);
    // The first and the last bucket have one neighbour.
    const before = i > from ? i - 1 : Math.min(i + 1, to - 1);
    const after = i < to - 1 ? i + 1 : before;
    const upper = Math.min(at(data.maximum, before), at(data.maximum, after));
    const lower = Math.max(at(data.minimum, before), at(data.minimum, after));
    const least = Math.max(reach, SPIKE_RATIO * (lower - upper));
    const x = frame.x(data.x[i] ?? 0);
    if (upper - top > least) {
      ctx.moveTo(x, upper);
      ctx.lineTo(x, top);
    }
    if (bottom - lower > least) {
      ctx.moveTo(x, lower);
      ctx.lineTo(x, bottom);
    }
  }
  ctx.stroke();
}

function drawDots(
  frame: Frame,
  xs: readonly number[],
  ys: readonly number[],
  points: readonly number[],
): void {
  const { ctx, ratio } = frame;
  const radius = 2 * ratio;
  ctx.beginPath();
  for (const i of points) {
    const value = ys[i] ?? Number.NaN;
    if (!Number.isFinite(value) || value <= frame.floor) continue;
    const x = frame.x(xs[i] ?? 0);
    const y = frame.y(value);
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/** NaN as a cross on the lower edge, ±∞ as triangles on the edge towards which they point. */
function drawMarks(frame: Frame, data: LineData): void {
  const { ctx, ratio } = frame;
  const size = 3.5 * ratio;
  const upper = frame.top + size + ratio;
  const lower = frame.top + frame.height - size - ratio;
  ctx.lineWidth = 1.5 * ratio;
  ctx.beginPath();
  const triangles = new Path2D();
  for (let i = 0; i < data.nonfiniteX.length; i++) {
    const exact = frame.x(data.nonfiniteX[i] ?? 0);
    if (exact < frame.left || exact > frame.left + frame.width) continue;
    // A mark at the very edge is seen whole.
    const x = Math.min(frame.left + frame.width - size, Math.max(frame.left + size, exact));
    const sign = data.nonfinite[i] ?? 0;
    if (sign === 0) {
      ctx.moveTo(x - size, lower - size);
      ctx.lineTo(x + size, lower + size);
      ctx.moveTo(x + size, lower - size);
      ctx.lineTo(x - size, lower + size);
    } else {
      const tip = sign > 0 ? upper - size : lower + size;
      const foot = sign > 0 ? upper + size : lower - size;
      triangles.moveTo(x, tip);
      triangles.lineTo(x + size, foot);
      triangles.lineTo(x - size, foot);
      triangles.closePath();
    }
  }
  ctx.stroke();
  ctx.fill(triangles);
}
