import type { ReactNode } from "react";
import type { Panel } from "../lib/sections";

/** A panel's title line: its name, its marks, and its actions on hover or focus. */
export function PanelHead(props: { panel: Panel; marks?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="panel__head">
      <h3 className="panel__title truncate" title={props.panel.key}>
        {props.panel.title}
      </h3>
      {props.marks}
      <div className="panel__actions">{props.actions}</div>
    </div>
  );
}
