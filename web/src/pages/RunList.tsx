import { useVirtualizer } from "@tanstack/react-virtual";
import { Eye, EyeOff, PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { type PointerEvent as ReactPointerEvent, useRef, useState } from "react";
import type { Run } from "../api/types";
import { useTheme } from "../lib/theme";
import { useStored } from "../lib/use-stored";
import { useProject } from "../panels/project-context";
import { IconButton } from "../ui/IconButton";
import { SearchBox } from "../ui/SearchBox";
import { RunListRow } from "./RunListRow";

interface Props {
  runs: readonly Run[];
  shownCount: number;
  total: number;
  problem: string | null;
}

const ROW_HEIGHT = 28;
const WIDTHS = { least: 180, usual: 280, most: 640 };

/** The runs beside the charts: which are shown, in which colour, how they stand. */
export function RunList({ runs, shownCount, total, problem }: Props) {
  const { view, changeView, places, setHidden } = useProject();
  const theme = useTheme();
  const [width, setWidth] = useStored("runlist:width", WIDTHS.usual);
  const [collapsed, setCollapsed] = useStored("runlist:collapsed", false);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const allShown = shownCount === runs.length;
  const toggleAll = () =>
    setHidden((hidden) => {
      const next = new Set(hidden);
      for (const run of runs) allShown ? next.add(run.id) : next.delete(run.id);
      return next;
    });
  return (
    <aside
      className={collapsed ? "run-list run-list--collapsed" : "run-list"}
      style={{ width: collapsed ? 44 : width }}
      aria-label="Runs"
    >
      <div className="run-list__head">
        {!collapsed && (
          <>
            <IconButton
              label={allShown ? "Hide all runs" : "Show all runs"}
              pressed={allShown}
              onClick={toggleAll}
            >
              {allShown ? <Eye size={15} /> : <EyeOff size={15} />}
            </IconButton>
            <strong>Runs</strong>
            <span className="muted run-list__count" data-testid="run-count">
              {shownCount} shown of {total}
            </span>
          </>
        )}
        <IconButton
          label={collapsed ? "Show the run list" : "Collapse the run list"}
          onClick={() => setCollapsed((former) => !former)}
        >
          {collapsed ? <PanelLeftOpen size={15} /> : <PanelLeftClose size={15} />}
        </IconButton>
      </div>
      {!collapsed && (
        <div className="run-list__search">
          <SearchBox
            label="Search runs"
            value={view.search}
            regex={view.searchRegex}
            problem={problem}
            onChange={(search) => changeView({ search })}
            onRegex={(searchRegex) => changeView({ searchRegex })}
          />
        </div>
      )}
      <div className="run-list__rows" ref={scroller}>
        {runs.length === 0 && !collapsed && <p className="muted run-list__none">No run matches.</p>}
        <ul style={{ height: rows.getTotalSize() }} aria-label="Runs">
          {rows.getVirtualItems().map((item) => {
            const run = runs[item.index];
            if (run === undefined) return null;
            return (
              <RunListRow
                key={run.id}
                run={run}
                place={places.of(run.id)}
                theme={theme}
                top={item.start}
                collapsed={collapsed}
                all={runs}
              />
            );
          })}
        </ul>
      </div>
      {!collapsed && <Grip width={width} onWidth={(next) => setWidth(() => next)} />}
    </aside>
  );
}

/** The edge that one drags, or moves with the arrow keys. */
function Grip({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const [start, setStart] = useState<{ x: number; width: number } | null>(null);
  const bound = (wanted: number) => Math.min(WIDTHS.most, Math.max(WIDTHS.least, wanted));
  const down = (event: ReactPointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    setStart({ x: event.clientX, width });
  };
  return (
    <hr
      className="grip"
      aria-orientation="vertical"
      aria-label="Width of the run list"
      aria-valuenow={width}
      aria-valuemin={WIDTHS.least}
      aria-valuemax={WIDTHS.most}
      tabIndex={0}
      onPointerDown={down}
      onPointerMove={(event) =>
        start !== null && onWidth(bound(start.width + event.clientX - start.x))
      }
      onPointerUp={() => setStart(null)}
      onDoubleClick={() => onWidth(WIDTHS.usual)}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") onWidth(bound(width - 16));
        if (event.key === "ArrowRight") onWidth(bound(width + 16));
      }}
    />
  );
}
