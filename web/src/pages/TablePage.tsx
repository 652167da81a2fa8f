import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useMemo, useRef } from "react";
import { useNavigate } from "react-router";
import type { Run } from "../api/types";
import { runPath } from "../lib/addresses";
import { allColumns, type Column, cellValue, defaultColumns, nextSort } from "../lib/columns";
import { DEFAULT_VIEW } from "../lib/url-state";
import { useStored } from "../lib/use-stored";
import { useProject } from "../panels/project-context";
import { SearchBox } from "../ui/SearchBox";
import { ColumnChooser } from "./ColumnChooser";
import { columnWidth, RunTableRow, type TableColumn } from "./RunTableRow";
import { useRunSearch } from "./use-run-search";

const ROW_HEIGHT = 34;
const NAME_WIDTH = 300;
const AUTO: string[] = [];
const NAME: Column = { id: "name", label: "Name", group: "run" };

/** All runs as a table: what they were given, what came out. */
export function TablePage() {
  const { ref, runs, total, view, changeView } = useProject();
  const { found, problem } = useRunSearch(runs);
  const [chosen, setChosen] = useStored(`columns:${ref.entity}/${ref.project}`, AUTO);
  const available = useMemo(() => allColumns(runs), [runs]);
  const ids = useMemo(() => (chosen.length > 0 ? chosen : defaultColumns(runs)), [chosen, runs]);
  const columns = useMemo(() => {
    const byId = new Map(available.map((column) => [column.id, column]));
    return ids
      .flatMap((id) => byId.get(id) ?? [])
      .map((column) => ({ ...column, isNumeric: isNumeric(runs, column) }));
  }, [available, ids, runs]);
  return (
    <section className="table-page" aria-label="Run table">
      <div className="toolbar" role="toolbar" aria-label="Run table">
        <SearchBox
          label="Search runs"
          value={view.search}
          regex={view.searchRegex}
          problem={problem}
          onChange={(search) => changeView({ search })}
          onRegex={(searchRegex) => changeView({ searchRegex })}
        />
        <span className="muted" data-testid="run-count">
          {found.length === total ? `${total} runs` : `${found.length} of ${total} runs`}
        </span>
        <span className="toolbar__gap" />
        <ColumnChooser
          available={available}
          chosen={ids}
          onChange={(next) => setChosen(() => next)}
        />
      </div>
      <Rows runs={found} columns={columns} />
    </section>
  );
}

function Rows({ runs, columns }: { runs: readonly Run[]; columns: readonly TableColumn[] }) {
  const { ref } = useProject();
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
  });
  const template = [NAME_WIDTH, ...columns.map(columnWidth)].map((w) => `${w}px`).join(" ");
  return (
    <div className="run-table" ref={scroller}>
      <div role="table" aria-label="Runs" aria-rowcount={runs.length + 1}>
        <div className="run-table__head" role="row" style={{ gridTemplateColumns: template }}>
          <HeadCell column={NAME} />
          {columns.map((column) => (
            <HeadCell key={column.id} column={column} isNumeric={column.isNumeric} />
          ))}
        </div>
        <div role="rowgroup" style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => {
            const run = runs[item.index];
            return (
              run !== undefined && (
                <RunTableRow
                  key={run.id}
                  run={run}
                  index={item.index}
                  top={item.start}
                  template={template}
                  columns={columns}
                  onOpen={() => navigate(runPath(ref.entity, ref.project, run.id))}
                />
              )
            );
          })}
        </div>
      </div>
      {runs.length === 0 && <p className="muted run-list__none">No run matches.</p>}
    </div>
  );
}

/** Whether a column's values stand on the right, as its head then does. */
function isNumeric(runs: readonly Run[], column: Column): boolean {
  const first = runs.find((run) => (cellValue(run, column) ?? null) !== null);
  return first !== undefined && typeof cellValue(first, column) === "number";
}

function HeadCell({ column, isNumeric = false }: { column: Column; isNumeric?: boolean }) {
  const { view, changeView } = useProject();
  const direction = view.sort === column.id ? 1 : view.sort === `-${column.id}` ? -1 : 0;
  return (
    <div
      role="columnheader"
      className={isNumeric ? "run-table__cell number" : "run-table__cell"}
      aria-sort={direction === 0 ? "none" : direction > 0 ? "ascending" : "descending"}
    >
      <button
        type="button"
        title={`${column.group === "run" ? "" : `${column.group}: `}${column.label}`}
        onClick={() => changeView({ sort: nextSort(view.sort, column.id, DEFAULT_VIEW.sort) })}
      >
        <span className="truncate">{column.label}</span>
        {direction > 0 && <ArrowUp size={12} aria-hidden />}
        {direction < 0 && <ArrowDown size={12} aria-hidden />}
      </button>
      {column.group !== "run" && <span className="run-table__group">{column.group}</span>}
    </div>
  );
}
