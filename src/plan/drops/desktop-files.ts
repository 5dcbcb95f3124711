import type { DropRule } from "./drop.js";

/** What file managers leave in folders that somebody looked at. */
export const desktopFiles: DropRule = {
  drop: { reason: "cache", kind: "desktop file" },
  names: [".DS_Store", "Thumbs.db"],
};
