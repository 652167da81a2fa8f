import { describe, expect, test } from "vitest";
import {
  exactValue,
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatLogTick,
  formatNumber,
  formatTicks,
  formatTimeTicks,
  formatValue,
} from "./format";

describe("numbers", () => {
  test("have four significant digits", () => {
    expect(formatNumber(0.123456)).toBe("0.1235");
    expect(formatNumber(12.34567)).toBe("12.35");
    expect(formatNumber(-0.5)).toBe("−0.5");
  });
  test("that are whole keep all digits, in groups of three", () => {
    expect(formatNumber(1200)).toBe("1200");
    expect(formatNumber(1234567)).toBe("1,234,567");
  });
  test("that are very small or large use powers of ten", () => {
    expect(formatNumber(1.5e-9)).toBe("1.5×10⁻⁹");
    expect(formatNumber(1.25e300)).toBe("1.25×10³⁰⁰");
  });
  test("that are not finite have words", () => {
    expect(
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((n) => formatNumber(n)),
    ).toEqual(["NaN", "∞", "−∞"]);
  });
});

test("counts have their thousands apart, however few", () => {
  expect([7, 1200, 1234567, -1500, 2.5].map(formatCount)).toEqual([
    "7",
    "1,200",
    "1,234,567",
    "−1,500",
    "2.5",
  ]);
});

describe("ticks", () => {
  test("of one axis have as many decimals as tell them apart", () => {
    expect(formatTicks([0, 0.25, 0.5])).toEqual(["0", "0.25", "0.50"]);
    expect(formatTicks([0, 1, 2])).toEqual(["0", "1", "2"]);
    expect(formatTicks([0, 1_000, 2_000])).toEqual(["0", "1,000", "2,000"]);
  });
  test("use one prefix for thousands and millions", () => {
    expect(formatTicks([0, 5_000, 10_000])).toEqual(["0", "5k", "10k"]);
    expect(formatTicks([1e9, 1.5e9])).toEqual(["1.0G", "1.5G"]);
  });
  test("use one power of ten for the very small", () => {
    expect(formatTicks([5e-10, 1e-9, 1.5e-9])).toEqual(["0.5×10⁻⁹", "1.0×10⁻⁹", "1.5×10⁻⁹"]);
  });
  test("of a logarithmic axis are powers", () => {
    expect([1e-6, 0.01, 1, 100, 1e6].map(formatLogTick)).toEqual([
      "10⁻⁶",
      "0.01",
      "1",
      "100",
      "10⁶",
    ]);
    expect(formatLogTick(0)).toBe("");
  });
  test("survive what no axis should have", () => {
    expect(formatTicks([])).toEqual([]);
    expect(formatTicks([0, 0])).toEqual(["0", "0"]);
  });
});

test("durations have their two largest units", () => {
  expect([8040, 192, 45, 4.24, 0.0123, 0, 90061].map(formatDuration)).toEqual([
    "2 h 14 m",
    "3 m 12 s",
    "45 s",
    "4.2 s",
    "12.3 ms",
    "0 s",
    "1 d 1 h",
  ]);
  expect(formatDuration(3600)).toBe("1 h");
  expect(formatDuration(-5)).toBe("−5 s");
  expect(formatDuration(Number.NaN)).toBe("–");
});

test("ages are told in one unit", () => {
  expect([5, 300, 7_200, 3 * 86_400].map((age) => formatAgo(0, age))).toEqual([
    "just now",
    "5 min ago",
    "2 h ago",
    "3 d ago",
  ]);
});

test("bytes have three digits", () => {
  expect([0, 999, 12_345, 5e9].map(formatBytes)).toEqual(["0 B", "999 B", "12.3 kB", "5 GB"]);
});

test("values of any type become one line, and exact for copies", () => {
  expect([1 / 3, "a", true, null, [1, 2], { a: 1 }].map(formatValue)).toEqual([
    "0.3333",
    "a",
    "true",
    "–",
    "[1,2]",
    '{"a":1}',
  ]);
  expect(formatValue({ _type: "image-file", digest: "00" })).toBe("(image)");
  expect(exactValue(1 / 3)).toBe("0.3333333333333333");
  expect(exactValue(undefined)).toBe("");
});

test("ticks of wall time say as much as their distance needs, and name the day at midnight", () => {
  const noon = new Date(2026, 2, 5, 12, 0, 0).getTime() / 1000;
  expect(formatTimeTicks([noon, noon + 1_800])).toEqual(["12:00", "12:30"]);
  expect(formatTimeTicks([noon, noon + 5])).toEqual(["12:00:00", "12:00:05"]);
  expect(formatTimeTicks([noon, noon + 43_200])).toEqual(["12:00", "Mar 6"]);
  expect(formatTimeTicks([noon, noon + 86_400])).toEqual(["Mar 5", "Mar 6"]);
});
