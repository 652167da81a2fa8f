import { expect, test } from "vitest";
import { toCsv } from "./csv";

const data = {
  x: [0, 1],
  last: [0.5, 0.25],
  minimum: [0.4, 0.2],
  maximum: [0.6, 0.3],
  nonfiniteX: [],
  nonfinite: [],
  numPoints: 2,
};

test("one row per point, with what names need quoted and formulas defused", () => {
  const series = [{ id: "r1", label: '=a,"b"', color: "", dash: [], data }];
  expect(toCsv(series, "loss", "_step").split("\r\n")).toEqual([
    "run,name,step,loss,minimum,maximum",
    'r1,"\'=a,""b""",0,0.5,0.4,0.6',
    'r1,"\'=a,""b""",1,0.25,0.2,0.3',
    "",
  ]);
});
