import { type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Chart } from "../charts/chart";
import type { ChartOptions, Hit, Series } from "../charts/types";
import { NOWHERE } from "../lib/hover";
import { useTheme } from "../lib/theme";
import { ChartTooltip } from "./ChartTooltip";
import { xName } from "./use-lines";
import { useWorkspace } from "./workspace-context";

interface Props {
  series: readonly Series[];
  options: ChartOptions;
  /** What the x of `series` is; while new data is on its way it may differ from the toolbar's. */
  x: string;
  chartRef: RefObject<Chart | null>;
  onZoom: (window: readonly [number, number] | null) => void;
}

interface Pointer {
  readonly x: number;
  readonly hits: readonly Hit[];
  readonly clientX: number;
  readonly clientY: number;
}

/** As far as this from a line the pointer means that line. */
const FOCUS_DISTANCE_PX = 14;
/** Above this many lines, dimming all but one would cost more than a frame. */
const MAX_FOCUS_LINES = 200;

/** A line chart in React's terms: sizes itself, shares the pointer with the other panels. */
export function ChartView({ series, options, x, chartRef, onZoom }: Props) {
  const { hover } = useWorkspace();
  const panel = useId();
  const root = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [pointer, setPointer] = useState<Pointer | null>(null);
  const latest = useRef({ onZoom, x, numLines: series.length });
  latest.current = { onZoom, x, numLines: series.length };

  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return;
    const chart = new Chart(
      element,
      {
        onZoom: (window) => latest.current.onZoom(window),
        onPointer: (at) => {
          if (at === null) {
            setPointer(null);
            if (hover.get().panel === panel) hover.set(NOWHERE);
            return;
          }
          const box = element.querySelector(".u-over")?.getBoundingClientRect();
          setPointer({
            x: at.x,
            hits: at.hits,
            clientX: (box?.left ?? 0) + at.left,
            clientY: (box?.top ?? 0) + at.top,
          });
          const near = at.hits[0];
          const focused =
            near !== undefined &&
            near.distance <= FOCUS_DISTANCE_PX &&
            latest.current.numLines <= MAX_FOCUS_LINES;
          hover.set({
            panel,
            x: at.x,
            axis: latest.current.x,
            run: focused ? near.id : null,
          });
        },
      },
      () => xName(latest.current.x),
    );
    chartRef.current = chart;
    const observer = new ResizeObserver(() =>
      chart.resize(element.clientWidth, element.clientHeight),
    );
    observer.observe(element);
    const unsubscribe = hover.subscribe(() => {
      const at = hover.get();
      if (at.panel !== panel) chart.pointAt(at.axis === latest.current.x ? at.x : null);
      chart.focus(at.run);
    });
    return () => {
      unsubscribe();
      observer.disconnect();
      chart.destroy();
      chartRef.current = null;
      if (hover.get().panel === panel) hover.set(NOWHERE);
    };
  }, [hover, panel, chartRef]);

  useLayoutEffect(() => chartRef.current?.update(series, options), [series, options, chartRef]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the canvas reads the theme's colours.
  useEffect(() => chartRef.current?.repaint(), [theme, chartRef]);

  const numPoints = series.reduce((sum, line) => sum + line.data.numPoints, 0);
  return (
    <>
      <div
        className="chart"
        ref={root}
        role="img"
        aria-label={`Line chart of ${series.length} runs over ${xName(x)}`}
        data-lines={series.length}
        data-points={numPoints}
      />
      {pointer !== null && pointer.hits.length > 0 && (
        <ChartTooltip
          hits={pointer.hits}
          x={x}
          smoothed={options.smoothing > 0}
          unit={options.yUnit}
          clientX={pointer.clientX}
          clientY={pointer.clientY}
        />
      )}
    </>
  );
}
