import { describe, expect, test } from "vitest";
import { append } from "../../src/support/append.js";

describe("append", () => {
  test("adds all in their order, of more than a function takes arguments as well", () => {
    const list = [1, 2];
    append(
      list,
      Array.from({ length: 300_000 }, (_, index) => index + 3),
    );
    expect(list).toHaveLength(300_002);
    expect([list[0], list[2], list.at(-1)]).toEqual([1, 3, 300_002]);
  });
});
