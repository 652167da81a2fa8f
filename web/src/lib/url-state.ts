/** The part of a view that belongs into its address, so that a copied link shows the same. */

import { AUTO_X } from "./axis";

export interface ViewState {
  /** Search over runs, and whether it is a regular expression. */
  readonly search: string;
  readonly searchRegex: boolean;
  /** Search over panels. */
  readonly panels: string;
  readonly panelsRegex: boolean;
  /** A key, `_step`, `_runtime`, `_timestamp` or `AUTO_X`. */
  readonly x: string;
  readonly xLog: boolean;
  readonly smoothing: number;
  readonly sort: string;
}

export const DEFAULT_VIEW: ViewState = {
  search: "",
  searchRegex: false,
  panels: "",
  panelsRegex: false,
  x: AUTO_X,
  xLog: false,
  smoothing: 0,
  sort: "-started_at",
};

const NAMES: Record<keyof ViewState, string> = {
  search: "q",
  searchRegex: "qre",
  panels: "panels",
  panelsRegex: "pre",
  x: "x",
  xLog: "xlog",
  smoothing: "smooth",
  sort: "sort",
};

export function parseView(params: URLSearchParams): ViewState {
  const text = (name: keyof ViewState, fallback: string) => params.get(NAMES[name]) ?? fallback;
  const flag = (name: keyof ViewState) => params.get(NAMES[name]) === "1";
  const smoothing = Number(params.get(NAMES.smoothing) ?? 0);
  return {
    search: text("search", DEFAULT_VIEW.search),
    searchRegex: flag("searchRegex"),
    panels: text("panels", DEFAULT_VIEW.panels),
    panelsRegex: flag("panelsRegex"),
    x: text("x", DEFAULT_VIEW.x) || DEFAULT_VIEW.x,
    xLog: flag("xLog"),
    smoothing: smoothing >= 0 && smoothing < 1 ? smoothing : 0,
    sort: text("sort", DEFAULT_VIEW.sort) || DEFAULT_VIEW.sort,
  };
}

/** Writes `change` over `params`; what equals the default is left out of the address. */
export function withView(params: URLSearchParams, change: Partial<ViewState>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(change) as [keyof ViewState, unknown][]) {
    if (value === DEFAULT_VIEW[name]) next.delete(NAMES[name]);
    else next.set(NAMES[name], value === true ? "1" : String(value));
  }
  return next;
}
