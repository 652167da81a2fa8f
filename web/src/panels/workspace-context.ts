import { createContext, use } from "react";
import type { LineStore } from "../api/line-store";
import type { ProjectRef } from "../api/queries";
import type { Run, Source } from "../api/types";
import type { HoverStore } from "../lib/hover";

/** What all panels of a workspace share. */
export interface WorkspaceState {
  readonly ref: ProjectRef;
  readonly runs: readonly Run[];
  /** Which history of the runs is drawn. */
  readonly source: Source;
  readonly lines: LineStore;
  readonly hover: HoverStore;
  /** What a key is drawn over. */
  readonly xOf: (key: string) => string;
  readonly xLog: boolean;
  readonly smoothing: number;
}

export const WorkspaceContext = createContext<WorkspaceState | null>(null);

export function useWorkspace(): WorkspaceState {
  const state = use(WorkspaceContext);
  if (state === null) throw new Error("useWorkspace is for panels of a workspace");
  return state;
}
