import { expect, test } from "vitest";
import { ConsolePages, PAGE_SIZE } from "./console-pages";

function printed(total: () => number) {
  const asked: number[] = [];
  const pages = new ConsolePages(async (first, limit) => {
    asked.push(first);
    const length = Math.max(0, Math.min(limit, total() - first));
    const lines = Array.from({ length }, (_, i) => ({
      number: first + i,
      channel: "stdout" as const,
      text: `line ${first + i}`,
      time: 0,
    }));
    return { lines, total: total() };
  });
  return { asked, pages };
}

test("only what comes into view is fetched", async () => {
  const { asked, pages } = printed(() => 10 * PAGE_SIZE);
  await pages.refresh();
  pages.want(5_500, 5_540);
  await new Promise((resolve) => setTimeout(resolve));
  expect(pages.total).toBe(10_000);
  expect(pages.line(5_510)?.text).toBe("line 5510");
  expect(pages.line(3_000)).toBeUndefined();
  expect(asked).not.toContain(3_000);
});

test("a page that was not full is read again when the log grows", async () => {
  let total = 3;
  const { pages } = printed(() => total);
  await pages.refresh();
  total = 7;
  await pages.refresh();
  expect(pages.line(6)?.text).toBe("line 6");
});

test("a search finds lines by number once all are loaded", async () => {
  const { pages } = printed(() => 2_500);
  await pages.refresh();
  await pages.loadAll(() => true);
  expect(pages.search((text) => text.endsWith("1234"))).toEqual([1_234]);
});
