import { memo } from "react";
import { Link } from "react-router";
import type { Run } from "../api/types";
import { exactValue, formatCount, formatDuration, formatTime, formatValue } from "../charts/format";
import { runPath } from "../lib/addresses";
import { colorAt } from "../lib/colors";
import { type Column, cellValue } from "../lib/columns";
import { useTheme } from "../lib/theme";
import { useProject } from "../panels/project-context";
import { StateMark } from "../ui/StateMark";

/** A column, and whether its values stand on the right. */
export interface TableColumn extends Column {
  readonly isNumeric: boolean;
}

interface Props {
  run: Run;
  index: number;
  top: number;
  template: string;
  columns: readonly TableColumn[];
  onOpen: () => void;
}

/** A column's width in pixels: what its values take, and enough of its name. */
export function columnWidth(column: Column): number {
  if (column.id === "started_at") return 184;
  if (column.group === "run") return 116;
  return Math.min(200, Math.max(104, column.label.length * 7.5 + 36));
}

export const RunTableRow = memo(function RunTableRow(props: Props) {
  const { run, index, top, template, columns, onOpen } = props;
  const { ref, places } = useProject();
  const theme = useTheme();
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="run-table__row"
      data-run={run.id}
      style={{ gridTemplateColumns: template, transform: `translateY(${top}px)` }}
      onClick={(event) => {
        const isLink = event.target instanceof Element && event.target.closest("a") !== null;
        if (!isLink && window.getSelection()?.type !== "Range") onOpen();
      }}
    >
      <div role="rowheader" className="run-table__cell run-table__name">
        <span className="dot" style={{ background: colorAt(places.of(run.id), theme) }} />
        <Link
          className="truncate"
          to={runPath(ref.entity, ref.project, run.id)}
          title={`${run.name} (${run.id})`}
        >
          {run.name}
        </Link>
      </div>
      {columns.map((column) => (
        <Cell key={column.id} run={run} column={column} />
      ))}
    </div>
  );
});

function Cell({ run, column }: { run: Run; column: TableColumn }) {
  const value = cellValue(run, column);
  if (column.id === "state")
    return (
      <div role="cell" className="run-table__cell">
        <StateMark state={run.state} text />
      </div>
    );
  if (column.id === "tags")
    return (
      <div role="cell" className="run-table__cell" title={run.tags.join(", ")}>
        {run.tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
      </div>
    );
  const text =
    column.id === "started_at"
      ? formatTime(run.started_at)
      : column.id === "duration_s"
        ? formatDuration(run.duration_s)
        : column.id === "num_rows"
          ? formatCount(run.num_rows)
          : formatValue(value);
  const isNumber = typeof value === "number";
  return (
    <div
      role="cell"
      className={`run-table__cell${column.isNumeric ? " number" : ""}${isNumber ? " mono" : ""}`}
      title={exactValue(value)}
      data-missing={value === undefined || value === null}
    >
      <span className="truncate">{text}</span>
    </div>
  );
}
