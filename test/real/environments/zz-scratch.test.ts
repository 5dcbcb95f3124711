import { test, expect } from "vitest";
import { buildCase } from "./build.js";
import { readCases } from "./case.js";
import { tryBefore } from "./smoke.js";
for (const one of readCases(false)) {
  test(one.name, { timeout: 400_000 }, async () => {
    const t = Date.now();
    const built = await buildCase(one);
    const t2 = Date.now();
    const before = await tryBefore(built);
    console.log(one.name, "build", t2 - t, "before", Date.now() - t2, JSON.stringify(before, null, 1));
  });
}
