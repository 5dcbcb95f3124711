import { expect, test } from "vitest";
import { LineBytes } from "../../src/archive/index/line-bytes.js";

test.each([
  ["none", []],
  ["one", ["a\n"]],
  ["of other letters", ["ä€🙂\n".repeat(5000), "x\n"]],
  ["more than fit at first", Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)],
])("lines become the bytes that they are: %s", (_what, lines) => {
  const bytes = new LineBytes();
  for (let time = 0; time < 2; time++) {
    for (const line of lines) bytes.add(line);
    const all = bytes.take();
    expect(Buffer.from(all).equals(Buffer.from(lines.join("")))).toBe(true);
    expect(all.buffer.byteLength).toBe(all.length);
  }
});

test("lines that were added for nothing are forgotten", () => {
  const bytes = new LineBytes();
  bytes.add("x\n".repeat(5000));
  bytes.add("y\n");
  bytes.clear();
  bytes.add("z\n");
  expect(Buffer.from(bytes.take()).toString()).toBe("z\n");
});
