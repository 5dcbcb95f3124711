import { join } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import plain from "../../vitest.config.js";

/** `make test-cluster`: what runs on real engines. They come from other places than npm, so `make test` leaves them alone. */
const config = mergeConfig(
  plain,
  defineConfig({
    root: join(import.meta.dirname, "../.."),
    test: {
      // Each engine is a crowd of processes already.
      fileParallelism: false,
      // Jobs of an engine on two busy processors; the first start may have to fetch it.
      testTimeout: 900_000,
      hookTimeout: 900_000,
    },
  }),
);
// A merge would add to these lists.
config.test = { ...config.test, include: ["test/cluster/**/*.test.ts"], exclude: [] };

export default config;
