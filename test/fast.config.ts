import { dirname } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import plain from "../vitest.config.js";
import { fastTests } from "./reach.js";

/** `make test-fast`: what starts no process, makes no archive and needs no build. */
const config = mergeConfig(plain, defineConfig({ root: dirname(import.meta.dirname), test: { testTimeout: 20_000 } }));
// A merge would add to the list.
config.test = { ...config.test, include: fastTests() };

export default config;
