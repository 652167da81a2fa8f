import * as Radix from "@radix-ui/react-dialog";
import { useQuery } from "@tanstack/react-query";
import { FolderOpen, LineChart, Play } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from "react";
import { useNavigate } from "react-router";
import { keysQuery, type ProjectRef, projectsQuery } from "../api/queries";
import type { Run } from "../api/types";
import { projectPath, runPath } from "../lib/addresses";
import { matcher } from "../lib/search";

interface Target {
  readonly id: string;
  readonly label: string;
  readonly aside: string;
  readonly icon: ReactNode;
  readonly to: string;
}

const PER_KIND = 8;
const NO_RUNS: readonly Run[] = [];

/** Whether the finder is open, and Ctrl/Cmd+K that opens it. */
export function useFinder() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      setOpen((former) => !former);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const show = useCallback(() => setOpen(true), []);
  const hide = useCallback(() => setOpen(false), []);
  return { open, show, hide };
}

interface Props {
  open: boolean;
  hide: () => void;
  /** The project one is in, whose runs and panels are found too. */
  ref_?: ProjectRef;
  runs?: readonly Run[];
}

/** Finds projects, runs and panels by a few letters. */
export function Finder({ open, hide, ref_, runs = NO_RUNS }: Props) {
  if (!open) return null;
  return (
    <Radix.Root open onOpenChange={(next) => next || hide()}>
      <Radix.Portal>
        <Radix.Overlay className="dialog__veil" />
        <Radix.Content className="finder" aria-describedby={undefined}>
          <Radix.Title className="visually-hidden">Find projects, runs and panels</Radix.Title>
          <FinderList hide={hide} ref_={ref_} runs={runs} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function FinderList(props: {
  hide: () => void;
  ref_: ProjectRef | undefined;
  runs: readonly Run[];
}) {
  const { hide, ref_, runs } = props;
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const targets = useTargets(text, ref_, runs);
  const open = (target: Target | undefined) => {
    if (target === undefined) return;
    hide();
    navigate(target.to);
  };
  const onKey = (event: KeyboardEvent) => {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move !== 0) {
      event.preventDefault();
      setActive((active + move + targets.length) % Math.max(1, targets.length));
    }
    if (event.key === "Enter") open(targets[active]);
  };
  return (
    <>
      <input
        className="finder__input"
        placeholder="Find a project, run or panel"
        aria-label="Find"
        role="combobox"
        aria-expanded
        aria-controls="finder-list"
        aria-activedescendant={targets[active] && `finder-${active}`}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKey}
      />
      <div className="finder__list" id="finder-list" role="listbox" aria-label="Found">
        {targets.map((target, index) => (
          <button
            key={target.id}
            id={`finder-${index}`}
            type="button"
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className="finder__item"
            ref={(element) => {
              if (index === active) element?.scrollIntoView({ block: "nearest" });
            }}
            onPointerMove={() => setActive(index)}
            onClick={() => open(target)}
          >
            {target.icon}
            <span className="truncate">{target.label}</span>
            <span className="muted truncate finder__aside">{target.aside}</span>
          </button>
        ))}
        {targets.length === 0 && <p className="muted finder__none">Nothing is called that.</p>}
      </div>
    </>
  );
}

function useTargets(text: string, ref: ProjectRef | undefined, runs: readonly Run[]): Target[] {
  const projects = useQuery(projectsQuery());
  const keys = useQuery({
    ...keysQuery(ref ?? { entity: "", project: "" }),
    enabled: ref !== undefined,
  });
  return useMemo(() => {
    const test = matcher(text, false).matches ?? (() => true);
    const found: Target[] = [];
    if (ref !== undefined) {
      for (const run of runs.filter((run) => test(run.name) || test(run.id)).slice(0, PER_KIND))
        found.push({
          id: `run:${run.id}`,
          label: run.name,
          aside: `run ${run.id}, ${run.state}`,
          icon: <Play size={14} aria-hidden />,
          to: runPath(ref.entity, ref.project, run.id),
        });
      const names = (keys.data?.keys ?? []).filter((key) => test(key.key)).slice(0, PER_KIND);
      for (const { key } of names)
        found.push({
          id: `panel:${key}`,
          label: key,
          aside: "panel",
          icon: <LineChart size={14} aria-hidden />,
          to: `${projectPath(ref.entity, ref.project)}?panels=${encodeURIComponent(key)}`,
        });
    }
    for (const { entity, name } of projects.data?.projects ?? [])
      if (test(`${entity}/${name}`) && found.length < 3 * PER_KIND)
        found.push({
          id: `project:${entity}/${name}`,
          label: name,
          aside: `project of ${entity}`,
          icon: <FolderOpen size={14} aria-hidden />,
          to: projectPath(entity, name),
        });
    return found;
  }, [text, ref, runs, keys.data, projects.data]);
}
