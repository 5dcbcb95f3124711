import { readFileSync } from "node:fs";

declare const ENVPACK_VERSION: string | undefined;

/** This envpack's version; the one-file tool has it built in, since it travels without package.json. */
export const VERSION: string =
  typeof ENVPACK_VERSION === "string"
    ? ENVPACK_VERSION
    : (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
