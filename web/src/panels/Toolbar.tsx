import { useEffect, useMemo, useRef } from "react";
import type { MetricKey } from "../api/types";
import { panelKind } from "../lib/sections";
import { isTyping } from "../lib/shortcut";
import type { ViewState } from "../lib/url-state";
import { IconButton } from "../ui/IconButton";
import { SearchBox } from "../ui/SearchBox";
import { Slider } from "../ui/Slider";

interface Props {
  view: ViewState;
  changeView: (change: Partial<ViewState>) => void;
  smoothing: number;
  onSmoothing: (smoothing: number) => void;
  problem: string | null;
  keys: readonly MetricKey[];
}

/** As many keys as a select still lists at once. */
const MAX_X_KEYS = 1_000;

export function Toolbar(props: Props) {
  const { view, changeView, smoothing, onSmoothing, problem, keys } = props;
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
          value={view.x}
          onChange={(event) => changeView({ x: event.target.value })}
        >
          <option value="_step">Step</option>
          <option value="_runtime">Relative time</option>
          <option value="_timestamp">Wall time</option>
          {!view.x.startsWith("_") && !metrics.includes(view.x) && (
            <option value={view.x}>{view.x}</option>
          )}
          {metrics.length > 0 && (
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
        disabled={view.x === "_timestamp"}
        onClick={() => changeView({ xLog: !view.xLog })}
      >
        log x
      </IconButton>
    </div>
  );
}
