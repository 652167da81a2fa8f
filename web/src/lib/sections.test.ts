import { expect, test } from "vitest";
import { AUTO_X, axisOf } from "./axis";
import { groupPanels, panelKind, sectionName } from "./sections";

const key = (name: string, more: object = {}) => ({
  key: name,
  kinds: ["f" as const],
  media_type: null,
  num_runs: 1,
  max_count: 10,
  step_metric: null as string | null,
  hidden: false,
  goal: null,
  ...more,
});

test("the part before the first slash names the section", () => {
  expect(["train/loss", "a/b/c", "loss", "/odd", ""].map(sectionName)).toEqual([
    "train",
    "a",
    "Charts",
    "Charts",
    "Charts",
  ]);
});

test("training and validation come first, system last, numbers count as numbers", () => {
  const sections = groupPanels(
    ["val/loss", "system/cpu", "layer10/w", "layer2/w", "loss", "train/loss"].map((name) =>
      key(name),
    ),
  );
  expect(sections.map((section) => section.name)).toEqual([
    "train",
    "val",
    "Charts",
    "layer2",
    "layer10",
    "system",
  ]);
});

test("keys that are hidden by their definition have no panel", () => {
  const [section] = groupPanels([key("loss"), key("epoch", { hidden: true })]);
  expect(section?.panels.map((panel) => panel.key)).toEqual(["loss"]);
});

test("each key is drawn over its step metric, if that was logged, unless another x is chosen", () => {
  const keys = [
    key("loss", { step_metric: "epoch" }),
    key("lost", { step_metric: "never" }),
    key("epoch", { hidden: true }),
  ];
  const auto = axisOf(AUTO_X, keys);
  expect(["loss", "lost", "epoch", "unknown"].map(auto)).toEqual([
    "epoch",
    "_step",
    "_step",
    "_step",
  ]);
  expect(axisOf("_runtime", keys)("loss")).toBe("_runtime");
});

test("curves stand before single values, and those before images", () => {
  const [section] = groupPanels([
    key("val/confusion", { kinds: ["j"], media_type: "image-file" }),
    key("val/best", { max_count: 1 }),
    key("val/loss"),
  ]);
  expect(section?.panels.map((panel) => panel.title)).toEqual(["loss", "best", "confusion"]);
});

test("titles leave the section's name out, but are never empty", () => {
  const [section] = groupPanels([key("train/loss"), key("train/")]);
  expect(section?.panels.map((panel) => panel.title)).toEqual(["loss", "train/"]);
});

test("the kind of a panel follows what was logged", () => {
  expect(panelKind(key("a"))).toBe("line");
  expect(panelKind(key("a", { max_count: 1 }))).toBe("bar");
  expect(panelKind(key("a", { kinds: ["j"], media_type: "images" }))).toBe("media");
  expect(panelKind(key("a", { kinds: ["s"] }))).toBeNull();
  expect(panelKind(key("a", { kinds: ["j"], media_type: "table-file" }))).toBeNull();
});
