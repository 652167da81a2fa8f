import { describe, expect, test } from "vitest";
import { areWhole, Extent, fromZero, lowerBound, nearestIndex, padRange, windowOf } from "./scale";

describe("an extent", () => {
  test("leaves out NaN and infinities", () => {
    const extent = new Extent();
    extent.add([Number.NaN, 2, Number.POSITIVE_INFINITY, -1]);
    expect(extent.range).toEqual([-1, 2]);
  });
  test("of nothing is null", () => {
    expect(new Extent().range).toBeNull();
  });
  test("for a logarithmic axis leaves out what is not positive", () => {
    const extent = new Extent();
    extent.add([-5, 0, 0.1, 10], 0, 4, true);
    expect(extent.range).toEqual([0.1, 10]);
  });
});

describe("padding", () => {
  test("gives a single value some room", () => {
    expect(padRange([0, 0], false)).toEqual([-1, 1]);
    expect(padRange([5, 5], false)).toEqual([4.5, 5.5]);
    expect(padRange([1, 1], true)).toEqual([0.5, 2]);
  });
  test("of the largest numbers stays finite", () => {
    for (const bound of padRange([-1.7e308, 1.7e308], false))
      expect(Number.isFinite(bound)).toBe(true);
  });
});

test("the nearest of ordered values is found by halving", () => {
  const xs = [0, 10, 20];
  expect([-5, 4, 6, 14, 99].map((x) => nearestIndex(xs, x))).toEqual([0, 0, 1, 1, 2]);
  expect(nearestIndex([], 3)).toBe(-1);
  expect(lowerBound(xs, 10)).toBe(1);
});

test("a window takes one neighbour on each side, so that lines reach its edges", () => {
  expect(windowOf([0, 1, 2, 3, 4, 5], [2, 3])).toEqual([1, 5]);
  expect(windowOf([0, 1], [-10, 10])).toEqual([0, 2]);
  expect(windowOf([], [0, 1])).toEqual([0, 0]);
});

test("a range that all but begins at zero does begin there", () => {
  expect(fromZero([5, 1_000])).toEqual([0, 1_000]);
  expect(fromZero([9, 200])).toEqual([0, 200]);
  expect(fromZero([500, 1_000])).toEqual([500, 1_000]);
  expect(fromZero([-5, 1_000])).toEqual([-5, 1_000]);
});

test("whole numbers are told from others, whatever is not finite among them", () => {
  expect(areWhole([0, 1, Number.NaN], [2e9, Number.POSITIVE_INFINITY])).toBe(true);
  expect(areWhole([0, 1], [0.5])).toBe(false);
  expect(areWhole()).toBe(true);
});
