import { Copy, Ellipsis, FileSpreadsheet, Image, Maximize2, ZoomOut } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { Chart } from "../charts/chart";
import type { ChartOptions } from "../charts/types";
import type { Panel } from "../lib/sections";
import { useStored } from "../lib/use-stored";
import { Dialog } from "../ui/Dialog";
import { IconButton } from "../ui/IconButton";
import { Menu } from "../ui/Menu";
import { ChartView } from "./ChartView";
import { downloadCsv, downloadPng } from "./export";
import { LineTable } from "./LineTable";
import { PanelHead } from "./PanelHead";
import { useDetail, useLines, useSeries, type Window, xKind } from "./use-lines";
import { useWorkspace } from "./workspace-context";

interface PanelSettings {
  readonly yLog: boolean;
}

const SETTINGS: PanelSettings = { yLog: false };
const GRID_BUCKETS = 1_000;
const FULL_BUCKETS = 4_000;

/** One key over x, a line per run. */
export function LinePanel({ panel }: { panel: Panel }) {
  const [large, setLarge] = useState(false);
  return (
    <>
      <LinePlot panel={panel} onEnlarge={() => setLarge(true)} />
      {large && (
        <Dialog title={panel.key} onClose={() => setLarge(false)}>
          <LinePlot panel={panel} />
        </Dialog>
      )}
    </>
  );
}

/** Without `onEnlarge` it is the large one. */
function LinePlot({ panel, onEnlarge }: { panel: Panel; onEnlarge?: () => void }) {
  const { ref, runs, xLog, smoothing } = useWorkspace();
  const large = onEnlarge === undefined;
  const snapshot = useLines(panel.key);
  const [{ yLog }, setSettings] = useStored(
    `panel:${ref.entity}/${ref.project}:${panel.key}`,
    SETTINGS,
  );
  const [zoom, setZoom] = useState<{ x: string; window: Window } | null>(null);
  const window = zoom !== null && zoom.x === snapshot.x ? zoom.window : null;
  const detail = useDetail(
    panel.key,
    window,
    large ? FULL_BUCKETS : GRID_BUCKETS,
    large || window !== null,
  );
  const series = useSeries(runs, detail.lines ?? snapshot.lines);
  const kind = xKind(snapshot.x);
  const options = useMemo<ChartOptions>(
    () => ({
      xKind: kind,
      xLog: xLog && kind !== "time",
      yLog,
      yUnit: panel.unit ?? "",
      smoothing,
      window,
    }),
    [kind, xLog, yLog, panel.unit, smoothing, window],
  );
  const chart = useRef<Chart | null>(null);
  const isHidden = (value: number) => value <= 0;
  const numHidden = yLog
    ? series.reduce((sum, line) => sum + line.data.last.filter(isHidden).length, 0)
    : 0;
  const toggleLog = () => setSettings((former) => ({ ...former, yLog: !former.yLog }));
  return (
    <>
      <PanelHead
        panel={panel}
        marks={
          <>
            {window !== null && (
              <IconButton
                label="Show all of x"
                shortcut="double click"
                pressed
                onClick={() => setZoom(null)}
              >
                <ZoomOut size={14} />
              </IconButton>
            )}
            {yLog && (
              <IconButton text label="Logarithmic y axis" pressed onClick={toggleLog}>
                log
              </IconButton>
            )}
          </>
        }
        actions={
          <>
            {!yLog && (
              <IconButton text label="Logarithmic y axis" pressed={false} onClick={toggleLog}>
                log
              </IconButton>
            )}
            {!large && (
              <IconButton label="Full screen" onClick={onEnlarge}>
                <Maximize2 size={13} />
              </IconButton>
            )}
            <Menu
              trigger={
                <IconButton label={`More on ${panel.title}`}>
                  <Ellipsis size={15} />
                </IconButton>
              }
              entries={[
                {
                  label: "Download PNG",
                  icon: <Image size={14} />,
                  onSelect: () => downloadPng(chart.current, panel.key),
                },
                {
                  label: "Download CSV",
                  icon: <FileSpreadsheet size={14} />,
                  onSelect: () => downloadCsv(series, panel.key, snapshot.x),
                },
                {
                  label: "Copy key",
                  icon: <Copy size={14} />,
                  onSelect: () => void navigator.clipboard?.writeText(panel.key),
                },
              ]}
            />
          </>
        }
      />
      <div className="panel__body" aria-busy={!snapshot.ready || detail.isFetching}>
        {(!snapshot.ready || detail.isFetching) && <div className="thin-bar" />}
        {series.length > 0 ? (
          <ChartView
            series={series}
            options={options}
            x={snapshot.x}
            chartRef={chart}
            onZoom={(next) => setZoom(next === null ? null : { x: snapshot.x, window: next })}
          />
        ) : (
          snapshot.ready && (
            <p className="panel__empty muted">
              {snapshot.problem ?? "The runs shown have no values of this key."}
            </p>
          )
        )}
        {snapshot.problem !== null && !snapshot.ready && (
          <p className="panel__empty muted">{snapshot.problem}</p>
        )}
      </div>
      {numHidden > 0 && (
        <p className="panel__note muted">{numHidden} points ≤ 0 are not on a log axis</p>
      )}
      {large && <LineTable series={series} x={snapshot.x} />}
    </>
  );
}
