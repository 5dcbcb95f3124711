import type { SlimRule } from "../rule.js";
import { CACHES } from "./caches.js";
import { DOCUMENTS } from "./documents.js";
import { FOREIGN_PREBUILDS } from "./foreign-prebuilds.js";
import { SOURCE_MAPS } from "./source-maps.js";
import { TESTS } from "./tests.js";
import { TYPE_DECLARATIONS } from "./type-declarations.js";

/** What `--slim safe` leaves out; the first rule that matches names it. */
export const SAFE: readonly SlimRule[] = [TESTS, CACHES, FOREIGN_PREBUILDS, TYPE_DECLARATIONS, SOURCE_MAPS, DOCUMENTS];
