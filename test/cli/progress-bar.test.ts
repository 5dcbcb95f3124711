import { expect, test } from "vitest";
import { Meter } from "../../src/cli/progress-bar.js";

test("bytes are shown with share, rate and time left", () => {
  const meter = new Meter();
  meter.note({ stage: "packing", done: 0, total: 100e6 }, 1000);
  meter.note({ stage: "packing", done: 25e6, total: 100e6 }, 2000);
  expect(meter.line()).toBe("packing    [######..................]  25 %  25.0 MB of 100.0 MB  25.0 MB/s  0:03 left");
});

test("while the total is unknown the count alone is shown", () => {
  const meter = new Meter();
  meter.note({ stage: "planning", done: 12345, total: null }, 0);
  expect(meter.line()).toBe("planning   12,345");
});

test("a new stage measures its own rate", () => {
  const meter = new Meter();
  meter.note({ stage: "packing", done: 100e6, total: 100e6 }, 50_000);
  meter.note({ stage: "restoring", done: 0, total: 10e6 }, 50_000);
  meter.note({ stage: "restoring", done: 5e6, total: 10e6 }, 51_000);
  expect(meter.line()).toContain("5.0 MB/s  0:01 left");
});

test("more done than promised stays at the end of the bar", () => {
  const meter = new Meter();
  meter.note({ stage: "planning", done: 11, total: 10 }, 0);
  expect(meter.line()).toContain("[########################] 100 %");
});
