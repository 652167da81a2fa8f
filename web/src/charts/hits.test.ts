import { expect, test } from "vitest";
import { findHits } from "./hits";
import type { Series } from "./types";

function line(id: string, x: number[], last: number[]): Series {
  const data = {
    x,
    last,
    minimum: [],
    maximum: [],
    nonfiniteX: [],
    nonfinite: [],
    numPoints: x.length,
  };
  return { id, label: id, color: "red", dash: [], data };
}

const toPixel = (value: number) => 100 - value;

test("the line nearest to the pointer comes first", () => {
  const series = [line("low", [0, 1], [10, 10]), line("high", [0, 1], [90, 90])];
  const hits = findHits(series, () => null, { x: 1, top: 12 }, 0.1, toPixel);
  expect(hits.map((hit) => [hit.id, hit.distance])).toEqual([
    ["high", 2],
    ["low", 78],
  ]);
});

test("a line that ends before the pointer says nothing", () => {
  const series = [line("short", [0, 1], [1, 1]), line("long", [0, 10], [1, 1])];
  const hits = findHits(series, () => null, { x: 9, top: 0 }, 0.5, toPixel);
  expect(hits.map((hit) => hit.id)).toEqual(["long"]);
});

test("distance is to what is drawn, the raw value is kept beside it", () => {
  const [hit] = findHits([line("a", [0], [10])], () => [50], { x: 0, top: 50 }, 1, toPixel);
  expect(hit).toMatchObject({ value: 10, smoothed: 50, distance: 0 });
});

test("an empty line is no hit", () => {
  expect(findHits([line("none", [], [])], () => null, { x: 0, top: 0 }, 1, toPixel)).toEqual([]);
});
