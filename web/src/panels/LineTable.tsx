import { exactValue, formatCount, formatNumber } from "../charts/format";
import type { Series } from "../charts/types";
import { formatX } from "./ChartTooltip";

const MAX_ROWS = 200;

/** The lines of a chart as a table: what is drawn, for eyes, readers of screens and copies. */
export function LineTable({ series, x }: { series: readonly Series[]; x: string }) {
  return (
    <section className="line-table" aria-label="Lines of this chart">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Last</th>
            <th scope="col">at</th>
            <th scope="col">Minimum</th>
            <th scope="col">Maximum</th>
            <th scope="col">Points</th>
            <th scope="col">NaN, ∞</th>
          </tr>
        </thead>
        <tbody>
          {series.slice(0, MAX_ROWS).map((line) => (
            <LineRow key={line.id} line={line} x={x} />
          ))}
        </tbody>
      </table>
      {series.length > MAX_ROWS && (
        <p className="muted">
          The first {MAX_ROWS} of {series.length} lines.
        </p>
      )}
    </section>
  );
}

function LineRow({ line, x }: { line: Series; x: string }) {
  const { data } = line;
  const last = data.last[data.last.length - 1];
  const lowest = extreme(data.minimum.length > 0 ? data.minimum : data.last, (a, b) => a < b);
  const highest = extreme(data.maximum.length > 0 ? data.maximum : data.last, (a, b) => a > b);
  return (
    <tr>
      <th scope="row">
        <span className="dot" style={{ background: line.color }} />
        <span className="truncate">{line.label}</span>
      </th>
      {[last, data.x[data.x.length - 1], lowest, highest].map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns are fixed.
        <td key={index} className="mono number" title={exactValue(value)}>
          {value === undefined ? "–" : index === 1 ? formatX(x, value) : formatNumber(value)}
        </td>
      ))}
      <td className="mono number">{formatCount(data.numPoints)}</td>
      <td className="mono number">
        {data.nonfiniteX.length > 0 ? formatCount(data.nonfiniteX.length) : "–"}
      </td>
    </tr>
  );
}

function extreme(
  values: readonly number[],
  better: (a: number, b: number) => boolean,
): number | undefined {
  let best: number | undefined;
  for (const value of values) if (best === undefined || better(value, best)) best = value;
  return best;
}
