/**
 * One line chart on a canvas: uPlot keeps scales, axes, pointer and selection; lines, bands and
 * marks are ours. Knows nothing of React: the owner hands in series and options, and is told of
 * zooms and of the pointer.
 */

import uPlot from "uplot";
import { xAxis, yAxis } from "./axes";
import { drawSeries, type Emphasis, type Frame, mapping } from "./draw";
import { findHits } from "./hits";
import { areWhole, Extent, fromZero, padRange, type Range, windowOf } from "./scale";
import { smooth } from "./smoothing";
import type { ChartOptions, Hit, Series } from "./types";

export interface ChartEvents {
  /** The user dragged over a part of x, or asked for all of it (null). */
  onZoom: (window: Range | null) => void;
  /** The pointer moved over the plot (with what is near it), or left (null). */
  onPointer: (pointer: { x: number; left: number; top: number; hits: Hit[] } | null) => void;
}

/** Above this many lines each is drawn finer. */
const DENSE_LINES = 60;
const MIN_SELECTION_PX = 6;
/** With no more points than this in view on any line, each is marked by a dot. */
const MAX_DOTS = 32;

export class Chart {
  private plot: uPlot | null = null;
  private series: readonly Series[] = [];
  private options: ChartOptions = {
    xKind: "number",
    xLog: false,
    yLog: false,
    yUnit: "",
    smoothing: 0,
    window: null,
  };
  private xRange: Range = [0, 1];
  private yRange: Range = [0, 1];
  private isWhole = { x: false, y: false };
  private focused: string | null = null;
  private label = "";
  /** Whether the pointer is here: uPlot also tells of cursors that were set by a program. */
  private hovered = false;
  private readonly smoothedCache = new WeakMap<object, { key: string; ys: readonly number[] }>();

  constructor(
    private readonly root: HTMLElement,
    private readonly events: ChartEvents,
    private readonly xLabel: () => string,
  ) {}

  destroy(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  /** Draws `series`. Axes are made anew only when their kind changes. */
  update(series: readonly Series[], options: ChartOptions): void {
    const former = this.options;
    const remake =
      this.plot === null ||
      former.xKind !== options.xKind ||
      this.label !== this.xLabel() ||
      former.xLog !== options.xLog ||
      former.yLog !== options.yLog ||
      former.yUnit !== options.yUnit;
    const lines = this.series;
    this.series = series;
    this.options = options;
    this.fitRanges();
    if (lines !== series) this.findWhole();
    if (remake) this.make();
    else this.plot?.setData(this.frameData());
  }

  resize(width: number, height: number): void {
    if (width < 40 || height < 40) return;
    if (this.plot === null) this.make();
    else if (this.plot.width !== width || this.plot.height !== height)
      this.plot.setSize({ width, height });
  }

  /** Draws anew with the colours of the page as they are now. */
  repaint(): void {
    this.plot?.redraw(false, true);
  }

  /** Puts the line `id` before the others; null: all alike. */
  focus(id: string | null): void {
    const known = id !== null && this.series.some((line) => line.id === id) ? id : null;
    if (known === this.focused) return;
    this.focused = known;
    this.plot?.redraw(false, false);
  }

  /** Shows the vertical line at `x` because the pointer is there in another panel. */
  pointAt(x: number | null): void {
    const plot = this.plot;
    if (plot === null) return;
    const outside = x === null || x < this.xRange[0] || x > this.xRange[1];
    const left = outside ? -10 : plot.valToPos(x, "x");
    plot.setCursor({ left, top: outside ? -10 : plot.over.clientHeight / 2 }, false);
  }

  toImage(background: string): HTMLCanvasElement | null {
    const source = this.plot?.ctx.canvas;
    if (source === undefined) return null;
    const copy = document.createElement("canvas");
    copy.width = source.width;
    copy.height = source.height;
    const ctx = copy.getContext("2d");
    if (ctx === null) return null;
    ctx.fillStyle = background;
    ctx.fillRect(0, 0, copy.width, copy.height);
    ctx.drawImage(source, 0, 0);
    return copy;
  }

  private smoothed = (line: Series): readonly number[] | null => {
    const { smoothing } = this.options;
    if (smoothing <= 0) return null;
    const width = this.xRange[1] - this.xRange[0];
    const key = `${smoothing}:${width}`;
    const cached = this.smoothedCache.get(line.data);
    if (cached?.key === key) return cached.ys;
    const ys = smooth(line.data.x, line.data.last, smoothing, width);
    this.smoothedCache.set(line.data, { key, ys });
    return ys;
  };

  private fitRanges(): void {
    const { window, xLog, yLog } = this.options;
    const x = new Extent();
    for (const { data } of this.series) {
      x.add(data.x, 0, data.x.length, xLog);
      x.add(data.nonfiniteX, 0, data.nonfiniteX.length, xLog);
    }
    const extent = x.range ?? [xLog ? 1 : 0, xLog ? 10 : 1];
    // A bucket stands at its last x: what begins at 0 must not seem to begin later.
    const whole = xLog || this.options.xKind === "time" ? extent : fromZero(extent);
    const shown = window ?? whole;
    this.xRange = shown[0] < shown[1] ? shown : padRange(shown, xLog);
    const y = new Extent();
    for (const line of this.series) {
      const { data } = line;
      const [from, to] = windowOf(data.x, this.xRange);
      y.add(data.last, from, to, yLog);
      y.add(data.minimum, from, to, yLog);
      y.add(data.maximum, from, to, yLog);
    }
    this.yRange = padRange(y.range ?? [yLog ? 1 : 0, yLog ? 10 : 1], yLog);
  }

  private findWhole(): void {
    const data = this.series.map((line) => line.data);
    this.isWhole = {
      x: data.every(({ x }) => areWhole(x)),
      y: data.every(({ last, minimum, maximum }) => areWhole(last, minimum, maximum)),
    };
  }

  /** uPlot wants data to find its scales: the two corners of the frame. */
  private frameData(): uPlot.AlignedData {
    return [[...this.xRange], [...this.yRange]];
  }

  private make(): void {
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    if (width < 40 || height < 40) return;
    this.plot?.destroy();
    this.label = this.xLabel();
    const plot = new uPlot(this.settings(width, height), this.frameData(), this.root);
    plot.over.addEventListener("mouseenter", () => {
      this.hovered = true;
    });
    plot.over.addEventListener("mouseleave", () => {
      this.hovered = false;
      this.events.onPointer(null);
    });
    this.hovered = false;
    this.plot = plot;
  }

  private settings(width: number, height: number): uPlot.Options {
    const { xKind, xLog, yLog, yUnit } = this.options;
    return {
      width,
      height,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: xKind === "time", distr: xLog ? 3 : 1, range: () => [...this.xRange] },
        y: { distr: yLog ? 3 : 1, range: () => [...this.yRange] },
      },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        xAxis(xKind, xLog, this.label, () => this.isWhole.x),
        yAxis(yLog, yUnit, () => this.isWhole.y),
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            this.events.onZoom(null);
            return null;
          },
        },
      },
      hooks: {
        draw: [() => this.draw()],
        setCursor: [(plot) => this.tellPointer(plot)],
        setSelect: [(plot) => this.tellZoom(plot)],
      },
    };
  }

  private draw(): void {
    const plot = this.plot;
    if (plot === null) return;
    const { ctx, bbox } = plot;
    const { xLog, yLog } = this.options;
    const frame: Frame = {
      ctx,
      ...bbox,
      ratio: devicePixelRatio,
      x: mapping(this.xRange, bbox.left, bbox.width, xLog),
      y: mapping(this.yRange, bbox.top + bbox.height, -bbox.height, yLog),
      window: this.xRange,
      floor: yLog ? 0 : Number.NEGATIVE_INFINITY,
      isDense: this.series.length > DENSE_LINES,
      hasDots: this.hasDots(),
    };
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const ordered = [...this.series].sort(
      (a, b) => Number(a.id === this.focused) - Number(b.id === this.focused),
    );
    for (const line of ordered) {
      const emphasis: Emphasis =
        this.focused === null ? "normal" : line.id === this.focused ? "focused" : "dimmed";
      drawSeries(frame, line, this.smoothed(line), emphasis);
    }
    ctx.restore();
  }

  /** All lines have dots or none has: a mixture would look like a difference between runs. */
  private hasDots(): boolean {
    return this.series.every(({ data }) => {
      const [from, to] = windowOf(data.x, this.xRange);
      return to - from <= MAX_DOTS;
    });
  }

  private tellPointer(plot: uPlot): void {
    if (!this.hovered) return;
    const { left = -1, top = -1 } = plot.cursor;
    if (left < 0 || top < 0) {
      this.events.onPointer(null);
      return;
    }
    const x = plot.posToVal(left, "x");
    const reach = Math.abs(plot.posToVal(left + 12, "x") - x);
    const toPixel = (value: number) => plot.valToPos(value, "y");
    const hits = findHits(this.series, this.smoothed, { x, top }, reach, toPixel);
    this.events.onPointer({ x, left, top, hits });
  }

  private tellZoom(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width <= 0) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < MIN_SELECTION_PX) return;
    this.events.onZoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  }
}
