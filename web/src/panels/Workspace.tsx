import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { LineStore } from "../api/line-store";
import { fetchLines } from "../api/queries";
import type { MetricKey, Run, Source } from "../api/types";
import { axisOf } from "../lib/axis";
import { matcher } from "../lib/search";
import { groupPanels, type Section } from "../lib/sections";
import { useStored } from "../lib/use-stored";
import { useProject } from "./project-context";
import { SectionView } from "./SectionView";
import { Toolbar } from "./Toolbar";
import { WorkspaceContext, type WorkspaceState } from "./workspace-context";

interface Props {
  /** The runs that are drawn. */
  runs: readonly Run[];
  /** Undefined while they are being fetched. */
  keys: readonly MetricKey[] | undefined;
  problem: string | null;
  /** Under which this browser remembers folded sections. */
  storageKey: string;
  /** What to say where there is nothing to draw. */
  empty: ReactNode;
  /** Which history of the runs to draw; what senders measured has no steps, only times. */
  source?: Source;
  /** Other sections than those that the names of keys make. */
  sections?: readonly Section[];
}

const NONE: string[] = [];

/** A toolbar over sections of panels, one panel per key. Serves one run as well as a thousand. */
export function Workspace(props: Props) {
  const { runs, keys, problem, storageKey, empty, source = "history" } = props;
  const { ref, view, changeView, hover } = useProject();
  const [folded, setFolded] = useStored(`folded:${storageKey}`, NONE);
  const sections = useMemo(() => props.sections ?? groupPanels(keys ?? []), [props.sections, keys]);
  const x = source === "system" ? timeAxis(view.x) : view.x;
  const lastMatch = useRef<(text: string) => boolean>(() => true);
  const search = useMemo(
    () => matcher(view.panels, view.panelsRegex),
    [view.panels, view.panelsRegex],
  );
  if (search.matches !== null) lastMatch.current = search.matches;
  const test = search.matches ?? lastMatch.current;
  const shown = useMemo(
    () =>
      sections
        .map((section) => ({
          ...section,
          panels: section.panels.filter((panel) => test(panel.key) || test(panel.title)),
        }))
        .filter((section) => section.panels.length > 0),
    [sections, test],
  );
  const [smoothing, setSmoothing] = useLaggedSmoothing(view.smoothing, (value) =>
    changeView({ smoothing: value }),
  );
  const xOf = useMemo(() => axisOf(x, keys ?? []), [x, keys]);
  const lines = useLineStore(runs, xOf, source);
  const state = useMemo<WorkspaceState>(
    () => ({ ref, runs, source, lines, hover, xOf, xLog: view.xLog, smoothing }),
    [ref, runs, source, lines, hover, xOf, view.xLog, smoothing],
  );
  const toggle = useCallback(
    (name: string) =>
      setFolded((former) =>
        former.includes(name) ? former.filter((other) => other !== name) : [...former, name],
      ),
    [setFolded],
  );
  const searching = view.panels !== "";
  return (
    <section className="workspace" aria-label="Charts">
      <Toolbar
        view={view}
        x={x}
        timeOnly={source === "system"}
        changeView={changeView}
        smoothing={smoothing}
        onSmoothing={setSmoothing}
        problem={search.problem}
        keys={keys ?? []}
      />
      <div className="workspace__scroll">
        {keys === undefined && problem === null && (
          <div className="thin-bar" role="progressbar" aria-label="Loading panels" />
        )}
        {problem !== null && keys === undefined && (
          <p className="workspace__empty" role="alert">
            {problem}
          </p>
        )}
        {keys !== undefined && (runs.length === 0 || shown.length === 0) && (
          <div className="workspace__empty muted">
            {searching && runs.length > 0 && sections.length > 0 ? "No panel matches." : empty}
          </div>
        )}
        {runs.length > 0 && (
          <WorkspaceContext value={state}>
            {shown.map((section) => (
              <SectionView
                key={section.name}
                section={section}
                folded={!searching && folded.includes(section.name)}
                onToggle={toggle}
              />
            ))}
          </WorkspaceContext>
        )}
      </div>
    </section>
  );
}

/** Relative time, unless the page is set to wall time. */
function timeAxis(x: string): string {
  return x === "_timestamp" ? x : "_runtime";
}

function useLineStore(
  runs: readonly Run[],
  xOf: (key: string) => string,
  source: Source,
): LineStore {
  const { ref } = useProject();
  const store = useMemo(
    () => new LineStore((question) => fetchLines(ref, { ...question, source })),
    [ref, source],
  );
  useEffect(() => {
    store.open();
    return () => store.close();
  }, [store]);
  useEffect(() => store.setRuns(runs), [store, runs]);
  useEffect(() => store.setX(xOf), [store, xOf]);
  return store;
}

/** Smoothing follows the slider at once; the address follows when it rests. */
function useLaggedSmoothing(
  inAddress: number,
  commit: (value: number) => void,
): [number, (value: number) => void] {
  const [value, setValue] = useState(inAddress);
  const save = useRef(commit);
  save.current = commit;
  useEffect(() => setValue(inAddress), [inAddress]);
  useEffect(() => {
    if (value === inAddress) return;
    const timer = setTimeout(() => save.current(value), 250);
    return () => clearTimeout(timer);
  }, [value, inAddress]);
  return [value, setValue];
}
