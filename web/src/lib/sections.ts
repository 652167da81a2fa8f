/** Which panels a project has, and in which sections they stand. Pure. */

import type { MetricKey } from "../api/types";

export type PanelKind = "line" | "bar" | "media";

export interface Panel {
  readonly key: string;
  /** The key without the section's prefix. */
  readonly title: string;
  readonly kind: PanelKind;
  /** Unit of the values, where it is known. */
  readonly unit?: string;
}

export interface Section {
  readonly name: string;
  readonly panels: readonly Panel[];
}

/** Section of keys without a prefix. */
export const PLAIN_SECTION = "Charts";

const NUMERIC = new Set(["f", "i", "u", "b"]);
const IMAGE_TYPES = new Set(["image-file", "images"]);

/** How to show a key, null for what no panel can show yet (text, tables …). */
export function panelKind(key: MetricKey): PanelKind | null {
  if (key.media_type !== null && IMAGE_TYPES.has(key.media_type)) return "media";
  if (!key.kinds.some((kind) => NUMERIC.has(kind))) return null;
  return key.max_count <= 1 ? "bar" : "line";
}

/** The part before the first slash; keys without one (or with nothing before it) are plain. */
export function sectionName(key: string): string {
  const slash = key.indexOf("/");
  return slash > 0 ? key.slice(0, slash) : PLAIN_SECTION;
}

/** How training goes comes first, then how good it is, then the rest; the machine comes last. */
const FIRST = [/^train/i, /^(val|valid|validation|eval|evaluation|dev)$/i, /^test/i];
const KINDS: readonly PanelKind[] = ["line", "bar", "media"];

/**
 * Sections by rank and name; within one, curves before single values before images, each by title,
 * as people count (2 before 10). Keys that `define_metric` hides have none.
 */
export function groupPanels(keys: readonly MetricKey[]): Section[] {
  const sections = new Map<string, Panel[]>();
  for (const key of keys) {
    const kind = panelKind(key);
    if (kind === null || key.hidden) continue;
    const name = sectionName(key.key);
    const slash = key.key.indexOf("/");
    const title = slash > 0 ? key.key.slice(slash + 1) || key.key : key.key;
    const panels = sections.get(name) ?? [];
    panels.push({ key: key.key, title, kind });
    sections.set(name, panels);
  }
  const order = new Intl.Collator("en", { numeric: true });
  return [...sections]
    .map(([name, panels]) => ({
      name,
      panels: panels.sort(
        (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || order.compare(a.title, b.title),
      ),
    }))
    .sort((a, b) => rank(a.name) - rank(b.name) || order.compare(a.name, b.name));
}

function rank(name: string): number {
  if (name === "system") return FIRST.length + 2;
  if (name === PLAIN_SECTION) return FIRST.length;
  const first = FIRST.findIndex((pattern) => pattern.test(name));
  return first >= 0 ? first : FIRST.length + 1;
}
