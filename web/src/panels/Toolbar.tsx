import { useEffect, useMemo, useRef } from "react";
import type { MetricKey } from "../api/types";
import { AUTO_X } from "../lib/axis";
import { panelKind } from "../lib/sections";
import { isTyping } from "../lib/shortcut";
import type { ViewState } from "../lib/url-state";
import { IconButton } from "../ui/IconButton";
import { SearchBox } from "../ui/SearchBox";
import { Slider } from "../ui/Slider";

interface Props {
  view: ViewState;
  /** The x that is drawn; the view's may be none of those on offer. */
  x: string;
  /** Offer times alone. */
  timeOnly: boolean;
  changeView: (change: Partial<ViewState>) => void;
  smoothing: number;
  onSmoothing: (smoothing: number) => void;
  problem: string | null;
  keys: readonly MetricKey[];
}

/** As many keys as a select still lists at once. */
const MAX_X_KEYS = 1_000;

export function Toolbar(props: Props) {
  const { view, x, timeOnly, changeView, smoothing, onSmoothing, problem, keys } = props;
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const metrics = useMemo(() => {
    const names = keys.filter((key) => panelKind(key) === "line").map((key) => key.key);
    return names.slice(0, MAX_X_KEYS);
  }, [keys]);
  return (
    <div className="toolbar" role="toolbar" aria-label="Charts">
      <SearchBox
        label="Search panels"
        shortcut="/"
        inputRef={search}
        value={view.panels}
        regex={view.panelsRegex}
        problem={problem}
        onChange={(panels) => changeView({ panels })}
        onRegex={(panelsRegex) => changeView({ panelsRegex })}
      />
      <span className="toolbar__gap" />
      <div className="toolbar__item">
        <span className="muted">Smoothing</span>
        <Slider
          label="Smoothing"
          value={smoothing}
          max={0.99}
          step={0.01}
          valueText={smoothing === 0 ? "off" : smoothing.toFixed(2)}
          onChange={onSmoothing}
        />
        <span className="mono toolbar__value">
          {smoothing === 0 ? "off" : smoothing.toFixed(2)}
        </span>
      </div>
      <label className="toolbar__item">
        <span className="muted">x</span>
        <select
          className="select"
          aria-label="x axis"
          value={x}
          onChange={(event) => changeView({ x: event.target.value })}
        >
          {!timeOnly && <option value={AUTO_X}>Auto</option>}
          {!timeOnly && <option value="_step">Step</option>}
          <option value="_runtime">Relative time</option>
          <option value="_timestamp">Wall time</option>
          {!x.startsWith("_") && !metrics.includes(x) && <option value={x}>{x}</option>}
          {!timeOnly && metrics.length > 0 && (
            <optgroup label="Metrics">
              {metrics.map((key) => (
                <option key={key} value={key}>
                  {key}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <IconButton
        text
        label="log x: logarithmic x axes"
        pressed={view.xLog}
        disabled={x === "_timestamp"}
        onClick={() => changeView({ xLog: !view.xLog })}
      >
        log x
      </IconButton>
    </div>
  );
}
