import { useMemo } from "react";
import { exactValue, formatNumber } from "../charts/format";
import type { LineData } from "../charts/types";
import type { Panel } from "../lib/sections";
import { PanelHead } from "./PanelHead";
import { useLines, useSeries } from "./use-lines";
import { useWorkspace } from "./workspace-context";

const MAX_BARS = 200;

/** A key with a single value per run: one bar each, or one large number for one run. */
export function BarPanel({ panel }: { panel: Panel }) {
  const { runs } = useWorkspace();
  const snapshot = useLines(panel.key);
  const series = useSeries(runs, snapshot.lines);
  const bars = useMemo(
    () => series.map((line) => ({ ...line, value: lastValue(line.data) })),
    [series],
  );
  const finite = bars.map((bar) => bar.value).filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  const single = bars.length === 1 ? bars[0] : undefined;
  return (
    <>
      <PanelHead panel={panel} />
      <div className="panel__body" data-bars={bars.length}>
        {!snapshot.ready && <div className="thin-bar" />}
        {snapshot.ready && bars.length === 0 && (
          <p className="panel__empty muted">The runs shown have no value of this key.</p>
        )}
        {single !== undefined && (
          <div className="scalar" title={exactValue(single.value)}>
            <span className="scalar__value">{formatNumber(single.value)}</span>
            <span className="muted truncate">
              <span className="dot" style={{ background: single.color }} /> {single.label}
            </span>
          </div>
        )}
        {bars.length > 1 && (
          <ul className="bars">
            {bars.slice(0, MAX_BARS).map((bar) => (
              <li key={bar.id} title={`${bar.label}: ${exactValue(bar.value)}`}>
                <span className="truncate bars__name">{bar.label}</span>
                <span className="bars__track">
                  <span
                    className="bars__bar"
                    style={{ background: bar.color, ...barBox(bar.value, low, high) }}
                  />
                </span>
                <span className="mono number">{formatNumber(bar.value)}</span>
              </li>
            ))}
            {bars.length > MAX_BARS && <li className="muted">and {bars.length - MAX_BARS} more</li>}
          </ul>
        )}
      </div>
    </>
  );
}

function lastValue(data: LineData): number {
  const value = data.last[data.last.length - 1];
  if (value !== undefined) return value;
  const sign = data.nonfinite[0] ?? 0;
  return sign === 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
}

function barBox(value: number, low: number, high: number): { left: string; width: string } {
  const span = high / 2 - low / 2 || 1;
  const percent = (at: number) => ((at / 2 - low / 2) / span) * 100;
  if (!Number.isFinite(value)) return { left: "0", width: "0" };
  const from = percent(Math.min(0, value));
  return { left: `${from}%`, width: `${Math.max(0.5, percent(Math.max(0, value)) - from)}%` };
}
