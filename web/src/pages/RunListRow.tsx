import { Eye, EyeOff } from "lucide-react";
import { type MouseEvent, memo, useSyncExternalStore } from "react";
import { Link } from "react-router";
import type { Run } from "../api/types";
import { formatDuration } from "../charts/format";
import { runPath } from "../lib/addresses";
import { colorAt, type Theme } from "../lib/colors";
import { NOWHERE } from "../lib/hover";
import { useProject } from "../panels/project-context";
import { StateMark } from "../ui/StateMark";

interface Props {
  run: Run;
  place: number;
  theme: Theme;
  top: number;
  collapsed: boolean;
  /** All runs of the list: what "only this one" hides. */
  all: readonly Run[];
}

export const RunListRow = memo(function RunListRow(props: Props) {
  const { run, place, theme, top, collapsed, all } = props;
  const { ref, hidden, setHidden, hover } = useProject();
  const isHidden = hidden.has(run.id);
  const isHovered = useSyncExternalStore(hover.subscribe, () => hover.get().run === run.id);
  const toggle = (event: MouseEvent) => {
    const only = event.altKey;
    setHidden((former) => {
      if (only) return new Set(all.filter((other) => other.id !== run.id).map((other) => other.id));
      const next = new Set(former);
      if (!next.delete(run.id)) next.add(run.id);
      return next;
    });
  };
  const title = `${run.name} (${run.id}) · ${run.state} · ${formatDuration(run.duration_s)}`;
  return (
    <li
      className="run-row"
      data-hidden={isHidden}
      data-hovered={isHovered}
      data-run={run.id}
      style={{ transform: `translateY(${top}px)` }}
      onPointerEnter={() => hover.set({ ...NOWHERE, run: isHidden ? null : run.id })}
      onPointerLeave={() => hover.set(NOWHERE)}
    >
      {!collapsed && (
        <button
          type="button"
          className="icon-button run-row__eye"
          aria-pressed={!isHidden}
          aria-label={`Show ${run.name}`}
          title={isHidden ? "Show (Alt: only this one)" : "Hide (Alt: only this one)"}
          onClick={toggle}
        >
          {isHidden ? <EyeOff size={14} /> : <Eye size={14} />}
        </button>
      )}
      <Link className="run-row__link" to={runPath(ref.entity, ref.project, run.id)} title={title}>
        <span className="dot" style={{ background: colorAt(place, theme) }} />
        {!collapsed && <span className="truncate">{run.name}</span>}
      </Link>
      {!collapsed && <StateMark state={run.state} />}
    </li>
  );
});
