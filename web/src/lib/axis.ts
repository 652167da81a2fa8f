/** What each key is drawn over. Pure. */

import type { MetricKey } from "../api/types";
import { panelKind } from "./sections";

/** Each key over its own step metric, as `define_metric` says; over the step without one. */
export const AUTO_X = "_auto";

/**
 * The x of a key where `x` is chosen in the toolbar. A step metric that was never logged as a line
 * of numbers would leave the chart empty: the step serves then.
 */
export function axisOf(x: string, keys: readonly MetricKey[]): (key: string) => string {
  if (x !== AUTO_X) return () => x;
  const lines = new Set(keys.filter(isNumeric).map((key) => key.key));
  const axes = new Map<string, string>();
  for (const { key, step_metric } of keys)
    if (step_metric !== null && lines.has(step_metric)) axes.set(key, step_metric);
  return (key) => axes.get(key) ?? "_step";
}

function isNumeric(key: MetricKey): boolean {
  const kind = panelKind(key);
  return kind === "line" || kind === "bar";
}
