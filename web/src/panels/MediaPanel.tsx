import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { blobUrl } from "../api/client";
import { mediaQuery } from "../api/queries";
import { formatCount } from "../charts/format";
import { colorAt } from "../lib/colors";
import { type Picture, picturesOf } from "../lib/pictures";
import type { Panel } from "../lib/sections";
import { useTheme } from "../lib/theme";
import { useThrottled } from "../lib/use-throttled";
import { Dialog } from "../ui/Dialog";
import { Slider } from "../ui/Slider";
import { PanelHead } from "./PanelHead";
import { useProject } from "./project-context";
import { useWorkspace } from "./workspace-context";

const LAST_STEP = Number.MAX_SAFE_INTEGER;
const MAX_RUNS = 24;
/** Images of live runs are looked for this often. */
const REFRESH_MS = 3_000;

/** Logged images of several runs side by side, with a slider over the logged steps. */
export function MediaPanel({ panel }: { panel: Panel }) {
  const { ref, runs } = useWorkspace();
  const [step, setStep] = useState<number | null>(null);
  const [large, setLarge] = useState<{ run: string; index: number } | null>(null);
  const drawn = runs.filter((run) => run.num_rows > 0).slice(0, MAX_RUNS);
  const version = useThrottled(
    drawn.reduce((sum, run) => sum + run.num_rows, 0),
    REFRESH_MS,
  );
  const ids = drawn.map((run) => run.id);
  const { data, error, isFetching } = useQuery({
    ...mediaQuery(ref, panel.key, ids, step ?? LAST_STEP, version),
    enabled: ids.length > 0,
  });
  const steps = data?.steps ?? [];
  const index = step === null ? steps.length - 1 : Math.max(0, lastIndexUpTo(steps, step));
  const pictures = (data?.items ?? []).flatMap((item) => picturesOf(item));
  const byRun = drawn
    .map((run) => ({ run, pictures: pictures.filter((picture) => picture.run === run.id) }))
    .filter((group) => group.pictures.length > 0);
  const chosen =
    large === null
      ? undefined
      : byRun.find((group) => group.run.id === large.run)?.pictures[large.index];
  const stepper = steps.length > 1 && (
    <div className="stepper">
      <Slider
        label={`Step of ${panel.title}`}
        className="stepper__slider"
        value={index}
        max={steps.length - 1}
        step={1}
        valueText={`step ${steps[index]}`}
        onChange={(next) => setStep(next === steps.length - 1 ? null : (steps[next] ?? null))}
      />
      <span className="mono stepper__value">step {formatCount(steps[index] ?? 0)}</span>
    </div>
  );
  return (
    <>
      <PanelHead panel={panel} />
      <div className="panel__body media" aria-busy={isFetching}>
        {isFetching && <div className="thin-bar" />}
        {data !== undefined && byRun.length === 0 && (
          <p className="panel__empty muted">The runs shown have no images of this key.</p>
        )}
        {error !== null && <p className="panel__empty muted">{error.message}</p>}
        {byRun.length > 0 && (
          <div className="media__grid" data-runs={byRun.length}>
            {byRun.map((group) => (
              <RunPictures
                key={group.run.id}
                run={group.run.id}
                name={group.run.name}
                pictures={group.pictures}
                onOpen={(at) => setLarge({ run: group.run.id, index: at })}
              />
            ))}
          </div>
        )}
        {runs.length > MAX_RUNS && (
          <p className="panel__note muted">
            The first {MAX_RUNS} of {runs.length} runs.
          </p>
        )}
      </div>
      {stepper}
      {large !== null && (
        <Dialog
          title={`${panel.key} · ${drawn.find((run) => run.id === large.run)?.name ?? large.run}`}
          onClose={() => setLarge(null)}
        >
          <div className="media__large">
            {chosen === undefined ? (
              <p className="muted">This run has no image at this step.</p>
            ) : (
              <figure>
                <img
                  src={blobUrl(ref.entity, ref.project, chosen.digest)}
                  alt={chosen.caption ?? panel.key}
                  data-small={chosen.width <= 64}
                />
                <figcaption>
                  {chosen.caption}{" "}
                  <span className="muted">
                    step {formatCount(chosen.step)} · {chosen.width} × {chosen.height}
                  </span>
                </figcaption>
              </figure>
            )}
          </div>
          {stepper}
        </Dialog>
      )}
    </>
  );
}

interface RunPicturesProps {
  run: string;
  name: string;
  pictures: readonly Picture[];
  onOpen: (index: number) => void;
}

function RunPictures({ run, name, pictures, onOpen }: RunPicturesProps) {
  const { ref } = useWorkspace();
  const { places } = useProject();
  const theme = useTheme();
  return (
    <figure className="media__run">
      <div className="media__images">
        {pictures.map((picture, index) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: pictures of a step have no other name.
            key={index}
            type="button"
            className="media__image"
            aria-label={`Enlarge ${picture.caption ?? "image"} of ${name}`}
            onClick={() => onOpen(index)}
          >
            <img
              src={blobUrl(ref.entity, ref.project, picture.digest)}
              alt={picture.caption ?? ""}
              loading="lazy"
              data-small={picture.width <= 64}
            />
            {picture.caption !== null && (
              <span className="media__caption truncate" title={picture.caption}>
                {picture.caption}
              </span>
            )}
          </button>
        ))}
      </div>
      <figcaption className="truncate" title={`${name}, step ${pictures[0]?.step}`}>
        <span className="dot" style={{ background: colorAt(places.of(run), theme) }} />
        {name}
      </figcaption>
    </figure>
  );
}

function lastIndexUpTo(steps: readonly number[], step: number): number {
  let found = -1;
  for (let i = 0; i < steps.length && (steps[i] ?? 0) <= step; i++) found = i;
  return found;
}
