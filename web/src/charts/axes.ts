/** The looks and ticks of a chart's axes, in uPlot's terms. Colours are the page's of the moment. */

import type uPlot from "uplot";
import { formatDuration, formatLogTick, formatTicks, formatTimeTicks } from "./format";
import { durationSteps } from "./scale";
import type { XKind } from "./types";

const X_AXIS_HEIGHT = 22;

export function xAxis(kind: XKind, logarithmic: boolean, label: string): uPlot.Axis {
  const axis: uPlot.Axis = { ...looks(), size: X_AXIS_HEIGHT, space: 64 };
  axis.label = label;
  axis.labelSize = 15;
  axis.labelGap = -2;
  axis.labelFont = `11px ${font()}`;
  if (logarithmic) axis.values = (_, ticks) => ticks.map(formatLogTick);
  else if (kind === "duration") {
    axis.incrs = durationSteps();
    axis.values = (_, ticks) => ticks.map((tick) => (tick === 0 ? "0" : formatDuration(tick)));
  } else if (kind === "time") axis.values = (_, ticks) => formatTimeTicks(ticks);
  else axis.values = (_, ticks) => formatTicks(ticks);
  return axis;
}

/** As wide as its widest tick, with the unit of its values beside it. */
export function yAxis(logarithmic: boolean, unit: string): uPlot.Axis {
  const label: uPlot.Axis =
    unit === "" ? {} : { label: unit, labelSize: 14, labelGap: 0, labelFont: `11px ${font()}` };
  return {
    ...looks(),
    ...label,
    space: 30,
    gap: 6,
    values: (_, ticks) => (logarithmic ? ticks.map(formatLogTick) : formatTicks(ticks)),
    size: (plot, values) => {
      plot.ctx.save();
      plot.ctx.font = `12px ${font()}`;
      const widths = (values ?? []).map((text) => plot.ctx.measureText(text ?? "").width);
      plot.ctx.restore();
      return Math.ceil(Math.max(24, ...widths)) + 14;
    },
  };
}

function looks(): uPlot.Axis {
  return {
    stroke: () => pageColor("--muted"),
    font: `12px ${font()}`,
    grid: { stroke: () => pageColor("--grid"), width: 1 },
    ticks: { show: false },
    border: { show: false },
  };
}

function pageColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function font(): string {
  return pageColor("--font-text") || "sans-serif";
}
