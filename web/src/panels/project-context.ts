import { createContext, use } from "react";
import type { ProjectRef } from "../api/queries";
import type { Run } from "../api/types";
import type { RunPlaces } from "../lib/colors";
import type { HoverStore } from "../lib/hover";
import type { ViewState } from "../lib/url-state";

/** What all pages of one project share. */
export interface ProjectState {
  readonly ref: ProjectRef;
  /** All runs, in the order of the view. */
  readonly runs: readonly Run[];
  readonly total: number;
  readonly places: RunPlaces;
  readonly hover: HoverStore;
  readonly view: ViewState;
  readonly changeView: (change: Partial<ViewState>) => void;
  readonly hidden: ReadonlySet<string>;
  readonly setHidden: (change: (hidden: ReadonlySet<string>) => ReadonlySet<string>) => void;
}

export const ProjectContext = createContext<ProjectState | null>(null);

export function useProject(): ProjectState {
  const state = use(ProjectContext);
  if (state === null) throw new Error("useProject is for pages of a project");
  return state;
}
