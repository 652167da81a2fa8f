import type { ReactNode } from "react";
import type { Panel } from "../lib/sections";

/** A panel's title line: its name, its marks, and its actions on hover or focus. */
export function PanelHead(props: { panel: Panel; marks?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="panel__head">
      <PanelTitle panel={props.panel} />
      {props.marks}
      <div className="panel__actions">{props.actions}</div>
    </div>
  );
}

export function PanelTitle({ panel }: { panel: Panel }) {
  return (
    <h3 className="panel__title truncate" title={panel.key}>
      {panel.title}
      {panel.unit && <span className="panel__unit muted"> {panel.unit}</span>}
    </h3>
  );
}
