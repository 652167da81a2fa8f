import { expect, test } from "vitest";
import { smooth } from "./smoothing";

const xs = [0, 1, 2, 3];
const ys = [1, 3, 2, 4];

test("without smoothing the values themselves come back", () => {
  expect(smooth(xs, ys, 0)).toBe(ys);
});

test("the average follows its definition", () => {
  const p = 0.25;
  const w = Math.sqrt(p);
  let sum = 0;
  let debias = 0;
  const expected = ys.map((y, i) => {
    const distance = i === 0 ? 0 : (1 / 3) * 1_000;
    sum = sum * w ** distance + y;
    debias = debias * w ** distance + 1;
    return sum / debias;
  });
  const shown = smooth(xs, ys, p);
  for (const [i, value] of expected.entries()) expect(shown[i]).toBeCloseTo(value, 12);
});

test("points close in x are averaged, far ones are not", () => {
  const [, near = 0] = smooth([0, 0.0001, 1], [0, 1, 1], 0.9);
  const [, far = 0] = smooth([0, 0.9, 1], [0, 1, 1], 0.9);
  expect(near).toBeCloseTo(0.5, 1);
  expect(far).toBeCloseTo(1, 6);
});

test("NaN is skipped and breaks nothing", () => {
  const shown = smooth([0, 1, 2], [1, Number.NaN, 1], 0.9);
  expect(shown[1]).toBeNaN();
  expect(shown[2]).toBe(1);
});

test("a constant stays a constant however strong the smoothing", () => {
  for (const value of smooth(xs, [5, 5, 5, 5], 0.999)) expect(value).toBeCloseTo(5, 12);
});

test("a single point and no point are no trouble", () => {
  expect(smooth([3], [7], 0.9)).toEqual([7]);
  expect(smooth([], [], 0.9)).toEqual([]);
});
