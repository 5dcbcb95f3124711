import { readdirSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { makeScratch } from "../../src/cache/scratch.js";
import { makeFolder } from "../environment/tree.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("many that come and go at once look into one another's folders, and each removes its own", async () => {
  const base = makeFolder();
  vi.stubEnv("TMPDIR", base);
  const comeAndGo = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++) await (await makeScratch()).remove();
  };
  await Promise.all(Array.from({ length: 12 }, comeAndGo));
  expect(readdirSync(base)).toEqual([]);
});
