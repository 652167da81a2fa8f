/** The looks and ticks of a chart's axes, in uPlot's terms. Colours are the page's of the moment. */

import type uPlot from "uplot";
import { formatDuration, formatLogTick, formatTicks, formatTimeTicks } from "./format";
import { durationSteps } from "./scale";
import type { XKind } from "./types";

const X_AXIS_HEIGHT = 22;
/** Steps between ticks. Below 10⁻³² uPlot would round them away. */
const STEPS = Array.from({ length: 330 }, (_, i) =>
  [1, 2, 2.5, 5].map((digit) => Number(`${digit}e${i - 32}`)),
).flat();
/** … on an axis of whole numbers, where nothing lies between two of them. */
const WHOLE_STEPS = STEPS.filter(Number.isInteger);

export function xAxis(
  kind: XKind,
  logarithmic: boolean,
  label: string,
  isWhole: () => boolean,
): uPlot.Axis {
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
  else {
    axis.incrs = stepsOf(isWhole);
    axis.values = (_, ticks) => formatTicks(ticks);
  }
  return axis;
}

/** As wide as its widest tick, with the unit of its values beside it. */
export function yAxis(logarithmic: boolean, unit: string, isWhole: () => boolean): uPlot.Axis {
  const label: uPlot.Axis =
    unit === "" ? {} : { label: unit, labelSize: 14, labelGap: 0, labelFont: `11px ${font()}` };
  return {
    ...looks(),
    ...label,
    ...(logarithmic ? {} : { incrs: stepsOf(isWhole) }),
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

/** What ticks may be apart, asked anew at each drawing: whole numbers may get fractions as they grow. */
function stepsOf(isWhole: () => boolean): uPlot.Axis.Incrs {
  return () => (isWhole() ? WHOLE_STEPS : STEPS);
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
