import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FIXTURES } from "./case.js";
import { checkRows, type CensusRow } from "./census.js";

/**
 * `case.json` of a fixture folder `prefix-…`: who makes the prefix, what is tried before and after the
 * move, and what must come out. In `env` and `install`, `{prefix}` stands for the prefix, and
 * `{outside}` for the copy of the fixture's folder of that name.
 */
export interface PrefixCase {
  /** The folder's name. */
  readonly name: string;
  /** The rows of the census that it closes. */
  readonly census: readonly CensusRow[];
  /** Name and exact version, as "pnpm@10.34.9"; "nodeenv@…" comes from PyPI. */
  readonly manager: string;
  /** The version of a runtime that is laid out in the prefix first, with the npm of `manager`. */
  readonly node?: string;
  /** Variables that tell the manager where its global folder is. */
  readonly env: Readonly<Record<string, string>>;
  /** What the manager is told, one call after the other. */
  readonly install: readonly (readonly string[])[];
  /** Where commands stand before the move, relative to the prefix. */
  readonly commands: string;
  readonly bins: Readonly<Record<string, readonly string[]>>;
  /** A command that makes a package find another that it does not declare. */
  readonly phantom?: { readonly bin: string; readonly args: readonly string[] };
  /** Packages that a script outside the environment imports once it is activated. */
  readonly imports: readonly string[];
  readonly expect: {
    readonly manager: string;
    readonly kind: "prefix" | "conda";
    readonly relocation?: Readonly<Partial<Record<"relative" | "broughtIn" | "dropped", number>>>;
    readonly present?: readonly string[];
    readonly absent?: readonly string[];
    readonly residue?: "none" | "reported";
    readonly refused?: undefined;
  };
}

/** The cases by name. */
export function readPrefixCases(): readonly PrefixCase[] {
  const names = readdirSync(FIXTURES)
    .filter((name) => name.startsWith("prefix-"))
    .sort();
  return names.map((name) => {
    const fields = JSON.parse(readFileSync(join(FIXTURES, name, "case.json"), "utf8")) as Omit<PrefixCase, "name">;
    checkRows(fields.census, name);
    return { ...fields, name };
  });
}

/** Tells whether a built prefix is still the one that this case would give. */
export function digestPrefixCase({ manager, node, env, install }: PrefixCase): string {
  return createHash("sha256")
    .update(JSON.stringify([manager, node, env, install]))
    .digest("hex")
    .slice(0, 12);
}
