import { expect, test } from "vitest";
import type { RunKey } from "../api/types";
import { groupSystemPanels } from "./system-panels";

const key = (name: string, section?: string, place = 0, title = name): RunKey => ({
  key: `system/${name}`,
  kind: "f",
  count: 3,
  minimum: 0,
  maximum: 1,
  step_metric: null,
  hidden: false,
  goal: null,
  about: section === undefined ? null : { title, unit: "%", section, place },
});

test("sections stand as the server places them, cards by number, the unknown last", () => {
  const sections = groupSystemPanels([
    key("gpu.10.util", "GPU 10", 11),
    key("gpu.2.util", "GPU 2", 11),
    key("gpu.2.memory", "GPU 2", 12),
    key("later"),
    key("cpu", "CPU", 0),
  ]);
  expect(sections.map((section) => [section.name, section.panels.length])).toEqual([
    ["CPU", 1],
    ["GPU 2", 2],
    ["GPU 10", 1],
    ["Other", 1],
  ]);
});

test("panels have the title and unit that the server gives, and are always lines", () => {
  const [section] = groupSystemPanels([{ ...key("cpu", "CPU", 0, "CPU in use"), count: 1 }]);
  expect(section?.panels).toEqual([
    { key: "system/cpu", title: "CPU in use", kind: "line", unit: "%" },
  ]);
});
