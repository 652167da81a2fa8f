/**
 * Console lines of a run, fetched in whole pages as they come into view. All lines are reachable,
 * few are held. Knows nothing of React.
 */

import type { ConsoleLine, ConsolePage } from "../api/types";

type FetchPage = (first: number, limit: number) => Promise<ConsolePage>;

export const PAGE_SIZE = 1_000;
const MAX_PAGES = 200;

export class ConsolePages {
  private readonly pages = new Map<number, readonly ConsoleLine[]>();
  private readonly pending = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private count = 0;
  private changes = 0;
  private known = false;

  constructor(private readonly fetchPage: FetchPage) {}

  /** How many lines the run has printed, as far as is known. */
  get total(): number {
    return this.count;
  }

  /** Whether the server has answered yet. */
  get ready(): boolean {
    return this.known;
  }

  line(number: number): ConsoleLine | undefined {
    return this.pages.get(Math.floor(number / PAGE_SIZE))?.[number % PAGE_SIZE];
  }

  /** Fetches what of [from, to) is missing. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(from, to - 1) / PAGE_SIZE);
    for (let page = Math.floor(from / PAGE_SIZE); page <= last; page++) {
      const held = this.pages.get(page)?.length ?? 0;
      const full = Math.min(PAGE_SIZE, this.count - page * PAGE_SIZE);
      if (held < full) void this.load(page);
    }
  }

  /** Learns of new lines. */
  async refresh(): Promise<void> {
    await this.load(Math.max(0, Math.floor((this.count - 1) / PAGE_SIZE)));
  }

  /** Fetches every page that is missing, so that all lines can be searched. */
  async loadAll(isWanted: () => boolean): Promise<void> {
    for (let page = 0; page * PAGE_SIZE < this.count && isWanted(); page++) {
      if (page >= MAX_PAGES) return;
      const full = Math.min(PAGE_SIZE, this.count - page * PAGE_SIZE);
      if ((this.pages.get(page)?.length ?? 0) < full) await this.load(page);
    }
  }

  /** Numbers of the loaded lines that match. */
  search(matches: (text: string) => boolean): number[] {
    const found: number[] = [];
    for (const page of [...this.pages.keys()].sort((a, b) => a - b))
      for (const line of this.pages.get(page) ?? [])
        if (matches(line.text)) found.push(line.number);
    return found;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  version = (): number => this.changes;

  private async load(page: number): Promise<void> {
    if (this.pending.has(page)) return;
    this.pending.add(page);
    try {
      const answer = await this.fetchPage(page * PAGE_SIZE, PAGE_SIZE);
      const grown = answer.total !== this.count;
      this.count = answer.total;
      this.known = true;
      this.pages.set(page, answer.lines);
      if (this.pages.size > MAX_PAGES) this.forgetFarFrom(page);
      this.changes += 1;
      for (const listener of this.listeners) listener();
      if (grown && answer.lines.length === PAGE_SIZE) this.want(this.count - 1, this.count);
    } catch {
      // The next refresh or scroll asks again.
    } finally {
      this.pending.delete(page);
    }
  }

  private forgetFarFrom(page: number): void {
    const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page))[0];
    if (far !== undefined) this.pages.delete(far);
  }
}
