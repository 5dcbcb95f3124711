import { join } from "node:path";

/** Where managers and built environments are kept between runs. */
export const CACHE = process.env.ENVPACK_TEST_CACHE ?? join(import.meta.dirname, "../../../.cache/environments");
