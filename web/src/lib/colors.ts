/**
 * Colours of runs: twenty, made from the Okabe–Ito set and spread in OKLCH at one lightness per
 * theme. The order keeps neighbours apart. A run keeps its place for ever, in every panel.
 */

import { load, save } from "./storage";

export type Theme = "light" | "dark";

/** Hue and chroma of each place. */
const PLACES: readonly (readonly [number, number])[] = [
  [250, 0.15], // blue
  [55, 0.15], // orange
  [160, 0.13], // green
  [345, 0.16], // pink
  [95, 0.13], // yellow
  [300, 0.16], // violet
  [25, 0.18], // vermilion
  [200, 0.11], // sky
  [130, 0.15], // leaf
  [275, 0.16], // indigo
  [75, 0.14], // amber
  [320, 0.15], // orchid
  [180, 0.11], // teal
  [5, 0.17], // rose
  [232, 0.13], // azure
  [113, 0.14], // lime
  [40, 0.1], // clay
  [288, 0.1], // lavender
  [147, 0.09], // sage
  [225, 0.06], // slate
];

export const NUM_COLORS = PLACES.length;

/** Lines past the tenth differ by their dashes too, so that colour is not the only sign. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export function colorAt(place: number, theme: Theme): string {
  const [hue, chroma] = PLACES[place % NUM_COLORS] ?? [0, 0];
  const lightness = theme === "dark" ? 0.74 : 0.58;
  return `oklch(${lightness} ${chroma} ${hue})`;
}

export function dashAt(place: number): readonly number[] {
  return DASHES[Math.floor(place / 10) % DASHES.length] ?? [];
}

/** Places of the runs of one project. Runs get theirs in order of their start. */
export class RunPlaces {
  private readonly places: Map<string, number>;

  constructor(private readonly storageKey: string) {
    this.places = new Map(Object.entries(load<Record<string, number>>(storageKey, {})));
  }

  /** Gives places to runs that have none yet. */
  learn(runs: readonly { readonly id: string; readonly started_at: number }[]): void {
    const fresh = runs.filter((run) => !this.places.has(run.id));
    if (fresh.length === 0) return;
    let next = Math.max(-1, ...this.places.values()) + 1;
    fresh.sort((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1));
    for (const run of fresh) {
      this.places.set(run.id, next);
      next += 1;
    }
    save(this.storageKey, Object.fromEntries([...this.places].slice(-5_000)));
  }

  of(runId: string): number {
    return this.places.get(runId) ?? 0;
  }
}
