import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bucketsFor, LineStore, type LinesQuestion } from "./line-store";
import type { Line } from "./types";

const PAUSE_MS = 10;

function answer(request: LinesQuestion, length = 1): Line[] {
  return request.runs.flatMap((run) =>
    request.keys.map((key) => ({
      run,
      key,
      sampling: "raw" as const,
      num_points: length,
      x: [0],
      last: [1],
      minimum: [],
      maximum: [],
      mean: [],
      count: [],
      nonfinite_x: [],
      nonfinite: [],
    })),
  );
}

function recorder() {
  const requests: LinesQuestion[] = [];
  const store = new LineStore(async (request) => {
    requests.push(request);
    return answer(request, requests.length);
  }, PAUSE_MS);
  return { requests, store };
}

const runs = [
  { id: "a", num_rows: 5 },
  { id: "b", num_rows: 5 },
];

describe("a line store", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("asks for all visible panels in one request", async () => {
    const { requests, store } = recorder();
    store.setRuns(runs);
    store.watch("loss", () => {});
    store.watch("acc", () => {});
    await vi.advanceTimersByTimeAsync(200);
    expect(requests.map((r) => [r.keys, r.runs])).toEqual([
      [
        ["loss", "acc"],
        ["a", "b"],
      ],
    ]);
  });

  test("asks again for grown runs alone", async () => {
    const { requests, store } = recorder();
    store.setRuns(runs);
    store.watch("loss", () => {});
    await vi.advanceTimersByTimeAsync(200);
    store.setRuns([{ id: "a", num_rows: 9 }, runs[1] ?? { id: "b", num_rows: 5 }]);
    await vi.advanceTimersByTimeAsync(200);
    expect(requests[1]?.runs).toEqual(["a"]);
    expect(store.get("loss").lines.get("a")?.numPoints).toBe(2);
    expect(store.get("loss").lines.get("b")?.numPoints).toBe(1);
  });

  test("asks nothing for panels that nobody sees", async () => {
    const { requests, store } = recorder();
    store.setRuns(runs);
    store.watch("loss", () => {})();
    await vi.advanceTimersByTimeAsync(200);
    expect(requests).toEqual([]);
  });

  test("keeps what is shown until another x is here", async () => {
    const { store } = recorder();
    store.setRuns(runs);
    store.watch("loss", () => {});
    await vi.advanceTimersByTimeAsync(200);
    store.setX(() => "_runtime");
    expect(store.get("loss")).toMatchObject({ x: "_step", ready: true });
    expect(store.get("loss").lines.size).toBe(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(store.get("loss").x).toBe("_runtime");
  });

  test("asks for keys over different x apart", async () => {
    const { requests, store } = recorder();
    store.setRuns(runs);
    store.setX((key) => (key.startsWith("val/") ? "epoch" : "_step"));
    for (const key of ["loss", "val/loss", "val/acc"]) store.watch(key, () => {});
    await vi.advanceTimersByTimeAsync(200);
    expect(requests.map((r) => [r.x, r.keys])).toEqual([
      ["epoch", ["val/loss", "val/acc"]],
      ["_step", ["loss"]],
    ]);
    expect(store.get("val/acc").x).toBe("epoch");
    expect(store.get("loss").x).toBe("_step");
  });

  test("says what went wrong, keeps the old lines and tries again", async () => {
    let fails = false;
    const store = new LineStore(async (request) => {
      if (fails) throw new Error("gone");
      return answer(request);
    }, PAUSE_MS);
    store.setRuns(runs);
    store.watch("loss", () => {});
    await vi.advanceTimersByTimeAsync(200);
    fails = true;
    store.setRuns([{ id: "a", num_rows: 99 }]);
    await vi.advanceTimersByTimeAsync(200);
    expect(store.get("loss").problem).toBe("gone");
    expect(store.get("loss").lines.size).toBe(2);
    fails = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(store.get("loss").problem).toBeNull();
  });

  test("is ready at once where the runs have no rows", async () => {
    const { requests, store } = recorder();
    store.setRuns([{ id: "a", num_rows: 0 }]);
    store.watch("loss", () => {});
    await vi.advanceTimersByTimeAsync(200);
    expect(requests).toEqual([]);
    expect(store.get("loss").ready).toBe(true);
  });
});

test("very many runs get fewer buckets each", () => {
  expect([1, 300, 1_000, 100_000].map((n) => bucketsFor(n))).toEqual([1_000, 500, 150, 100]);
});
