/** Panels of what the senders of a run measured, labelled by the server. Pure. */

import type { MetricKey, RunKey } from "../api/types";
import type { Panel, Section } from "./sections";

/** Section of keys that this server does not know: a newer sender's. */
const UNKNOWN_SECTION = "Other";

interface Placed {
  readonly panel: Panel;
  readonly section: string;
  readonly place: number;
}

/** Sections by their first chart as the server places them; of equal ones 2 before 10. */
export function groupSystemPanels(keys: readonly RunKey[]): Section[] {
  const order = new Intl.Collator("en", { numeric: true });
  const placed = keys
    .map(place)
    .sort((a, b) => a.place - b.place || order.compare(a.panel.title, b.panel.title));
  const sections = new Map<string, Panel[]>();
  for (const { panel, section } of placed)
    sections.set(section, [...(sections.get(section) ?? []), panel]);
  return [...sections].map(([name, panels]) => ({ name, panels }));
}

function place({ key, about }: RunKey): Placed {
  if (about == null) {
    const panel: Panel = { key, title: key, kind: "line" };
    return { panel, section: UNKNOWN_SECTION, place: Number.POSITIVE_INFINITY };
  }
  const panel: Panel = { key, title: about.title, kind: "line", unit: about.unit };
  return { panel, section: about.section, place: about.place };
}

/** Keys of one run as a workspace takes them. */
export function systemKeys(keys: readonly RunKey[]): MetricKey[] {
  return keys.map(({ key, kind, count, step_metric, hidden, goal }) => ({
    key,
    kinds: [kind],
    media_type: null,
    num_runs: 1,
    max_count: count,
    step_metric,
    hidden,
    goal,
  }));
}
