/** Where the pointer is, shared by the panels of a workspace and its run list. Not in React. */

export interface Hover {
  /** The panel under the pointer, null for the run list. */
  readonly panel: string | null;
  readonly x: number | null;
  /** What `x` is a place on: panels over something else have nothing there. */
  readonly axis: string | null;
  readonly run: string | null;
}

export const NOWHERE: Hover = { panel: null, x: null, axis: null, run: null };

export class HoverStore {
  private hover: Hover = NOWHERE;
  private readonly listeners = new Set<() => void>();

  get = (): Hover => this.hover;

  set(hover: Hover): void {
    const { panel, x, axis, run } = this.hover;
    if (hover.panel === panel && hover.x === x && hover.axis === axis && hover.run === run) return;
    this.hover = hover;
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
