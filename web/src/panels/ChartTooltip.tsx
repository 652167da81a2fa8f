import { useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";
import { formatCount, formatDuration, formatNumber, formatTime } from "../charts/format";
import type { Hit } from "../charts/types";
import { xName } from "./use-lines";

interface Props {
  hits: readonly Hit[];
  x: string;
  smoothed: boolean;
  /** Of the values; empty where it is not known. */
  unit: string;
  clientX: number;
  clientY: number;
}

const MAX_ROWS = 12;
const GAP = 16;

export function formatX(x: string, value: number): string {
  if (x === "_runtime") return formatDuration(value);
  if (x === "_timestamp") return formatTime(value);
  return formatCount(value);
}

function withUnit(value: number, unit: string): string {
  return unit === "" ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

/** What the lines say at the pointer: the nearest first. */
export function ChartTooltip({ hits, x, smoothed, unit, clientX, clientY }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const { width, height } = element.getBoundingClientRect();
    const right = clientX + GAP + width < window.innerWidth;
    const left = right ? clientX + GAP : clientX - GAP - width;
    const top = Math.min(clientY + GAP, window.innerHeight - height - 8);
    element.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }, [clientX, clientY]);
  const first = hits[0];
  if (first === undefined) return null;
  const rest = hits.length - MAX_ROWS;
  return createPortal(
    <div className="chart-tip" ref={box} role="tooltip">
      <div className="chart-tip__x muted">
        {xName(x)} <span className="mono">{formatX(x, first.x)}</span>
      </div>
      <table>
        {smoothed && (
          <thead>
            <tr>
              <th colSpan={2} />
              <th scope="col">smooth</th>
              <th scope="col">logged</th>
              <th />
            </tr>
          </thead>
        )}
        <tbody>
          {hits.slice(0, MAX_ROWS).map((hit, index) => (
            <tr key={hit.id} data-nearest={index === 0}>
              <td>
                <span className="chart-tip__line" style={{ background: hit.color }} />
              </td>
              <td className="chart-tip__name truncate">{hit.label}</td>
              <td className="mono number">{withUnit(hit.smoothed ?? hit.value, unit)}</td>
              {smoothed && <td className="mono number muted">{withUnit(hit.value, unit)}</td>}
              <td className="mono muted chart-tip__aside">
                {hit.isAside && `@ ${formatX(x, hit.x)}`}
                {!hit.isAside &&
                  index === 0 &&
                  hit.minimum !== null &&
                  hit.minimum !== hit.maximum &&
                  `${formatNumber(hit.minimum)} … ${formatNumber(hit.maximum ?? Number.NaN)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <div className="muted">and {rest} more</div>}
    </div>,
    document.body,
  );
}
