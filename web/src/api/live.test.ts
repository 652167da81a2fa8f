import { expect, test } from "vitest";
import { mergeChanges } from "./live";
import type { Run } from "./types";

const run = (id: string, num_rows: number, started_at = 0) => ({ id, num_rows, started_at }) as Run;
const pages = {
  pageParams: [0, 2],
  pages: [
    { runs: [run("c", 1), run("b", 1)], total: 3, cursor: "1" },
    { runs: [run("a", 1)], total: 3, cursor: "1" },
  ],
};

test("changed runs change where they stand, new ones come first, gone ones go", () => {
  const changes = {
    runs: [run("a", 9), run("e", 0, 5), run("d", 0, 4)],
    deleted: ["b"],
    cursor: "2",
  };
  const merged = mergeChanges(pages, changes);
  expect(merged.pages.map((page) => page.runs.map((r) => `${r.id}${r.num_rows}`))).toEqual([
    ["e0", "d0", "c1"],
    ["a9"],
  ]);
  expect(merged.pages.map((page) => page.total)).toEqual([4, 4]);
});
