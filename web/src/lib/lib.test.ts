import { describe, expect, test } from "vitest";
import { stripAnsi } from "./ansi";
import { colorAt, dashAt, NUM_COLORS, RunPlaces } from "./colors";
import { nextSort } from "./columns";
import { differing, flatten } from "./flatten";
import { picturesOf } from "./pictures";
import { matcher } from "./search";
import { DEFAULT_VIEW, parseView, withView } from "./url-state";

describe("the view in the address", () => {
  test("comes back as it was written", () => {
    const view = {
      ...DEFAULT_VIEW,
      search: "a&b=c #1",
      searchRegex: true,
      x: "epoch",
      smoothing: 0.6,
    };
    const written = withView(new URLSearchParams(), view).toString();
    expect(parseView(new URLSearchParams(written))).toEqual(view);
  });
  test("leaves defaults out and foreign parameters alone", () => {
    const before = new URLSearchParams("utm=1&q=old");
    expect(withView(before, { search: "" }).toString()).toBe("utm=1");
  });
  test("survives nonsense", () => {
    expect(parseView(new URLSearchParams("smooth=99&x=&sort=")).smoothing).toBe(0);
    expect(parseView(new URLSearchParams("smooth=abc&x=&sort="))).toEqual(DEFAULT_VIEW);
  });
});

describe("search", () => {
  test("by substring takes signs literally and ignores case", () => {
    expect(matcher("A.B", false).matches?.("xa.by")).toBe(true);
    expect(matcher("a.b", false).matches?.("aXb")).toBe(false);
  });
  test("by regular expression says what is wrong instead of throwing", () => {
    expect(matcher("^a.b$", true).matches?.("aXb")).toBe(true);
    const broken = matcher("(", true);
    expect(broken.matches).toBeNull();
    expect(broken.problem).not.toBeNull();
  });
});

describe("colours", () => {
  const run = (id: string, started_at: number) => ({ id, started_at });
  test("are given in order of start and kept for ever", () => {
    const places = new RunPlaces("test");
    places.learn([run("b", 2), run("a", 1)]);
    places.learn([run("older", 0), run("b", 2), run("a", 1)]);
    expect(["a", "b", "older"].map((id) => places.of(id))).toEqual([0, 1, 2]);
  });
  test("of the first twenty all differ, and past ten so do the dashes", () => {
    expect(new Set(Array.from({ length: NUM_COLORS }, (_, i) => colorAt(i, "dark"))).size).toBe(20);
    expect(dashAt(3)).toEqual([]);
    expect(dashAt(13)).not.toEqual([]);
  });
});

describe("nested values", () => {
  test("flatten to dotted paths; lists, media and empty maps are leaves", () => {
    const flat = flatten({ a: { b: 1, c: { d: [1] } }, e: { _type: "images" }, f: {} });
    expect([...flat.keys()]).toEqual(["a.b", "a.c.d", "e", "f"]);
  });
  test("that differ between runs are found, missing ones too", () => {
    const maps = [
      { lr: 1, seed: 2, only: 1 },
      { lr: 3, seed: 2 },
    ].map((v) => flatten(v));
    expect(differing(maps)).toEqual(["lr", "only"]);
  });
});

test("a click on a head sorts down, up, and back", () => {
  const first = nextSort("-started_at", "config.lr", "-started_at");
  const second = nextSort(first, "config.lr", "-started_at");
  expect([first, second, nextSort(second, "config.lr", "-started_at")]).toEqual([
    "-config.lr",
    "config.lr",
    "-started_at",
  ]);
});

test("terminal text loses colours, and progress bars all but their last state", () => {
  expect(stripAnsi("\x1b[31mred\x1b[0m text\n")).toBe("red text");
  expect(stripAnsi("10 %\r50 %\r100 %")).toBe("100 %");
});

test("pictures with a bad digest are left out", () => {
  const digest = "ab".repeat(32);
  const item = (value: Record<string, unknown>) => ({
    run: "r",
    key: "k",
    step: 1,
    timestamp: 0,
    value,
    url: null,
  });
  const good = { _type: "image-file", digest, width: 8, height: 8, caption: "" };
  expect(picturesOf(item(good))).toEqual([
    { run: "r", step: 1, digest, caption: null, width: 8, height: 8 },
  ]);
  expect(
    picturesOf(item({ _type: "images", items: [good, { digest: "../x" }, null] })),
  ).toHaveLength(1);
});
