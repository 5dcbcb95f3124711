import { expect, test } from "vitest";
import { closeAll, thenClose } from "../../src/support/close-all.js";

const failing = (name: string) => async (): Promise<never> => {
  throw new Error(name);
};

test("all are closed in order, whichever fails, and the first failure is told", async () => {
  const closed: string[] = [];
  const closing = closeAll([() => closed.push("a"), failing("b"), () => closed.push("c"), failing("d"), () => closed.push("e")]);
  await expect(closing).rejects.toThrow("b");
  expect(closed).toEqual(["a", "c", "e"]);
});

test("a failure of the work is told rather than one of closing after it, which is told where the work went well", async () => {
  await expect(thenClose(failing("work"), failing("close"))).rejects.toThrow("work");
  await expect(thenClose(async () => 1, failing("close"))).rejects.toThrow("close");
  expect(
    await thenClose(
      async () => 1,
      async () => undefined,
    ),
  ).toBe(1);
});
