/** Where the benchmark finds envpack and keeps what it makes. */
import { dirname, join } from "node:path";

export const ROOT = dirname(import.meta.dirname);
export const ENVPACK = join(ROOT, "bin", "envpack.js");
export const CACHE = join(ROOT, ".cache", "bench");

/** The archives that unpacking starts from, and the tar that bare compression does. */
export const INPUTS = join(CACHE, "inputs");

/** What a measured run writes: emptied before each. All contenders write here, so all to the same disk. */
export const OUTPUT = join(CACHE, "output");
