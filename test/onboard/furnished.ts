import { execFileSync } from "node:child_process";
import { constants, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { Bin, Environment } from "../../src/environment/environment.js";
import { furnish } from "../../src/onboard/furnish.js";
import type { Notice } from "../../src/progress.js";

/** A version too old for the one-file tool: without it an environment is furnished at once. */
const WITHOUT_TRAVELER = "18.20.0";

/** An environment with no packages, as far as this room looks at it. */
export function makeEnvironment(changes: Partial<Environment> = {}): Environment {
  const runtime = {
    version: WITHOUT_TRAVELER,
    os: process.platform,
    arch: process.arch,
    abi: process.versions.modules,
    napi: "9",
    binary: process.execPath,
    tools: new Map<string, string>(),
    origin: "current",
  } as unknown as Environment["runtime"];
  const nothing = { packages: [], bins: [], natives: [], notices: [] };
  const name = { kind: "project", name: "sample", version: "1.0.0", root: "/gone", namedRoot: "/gone", manager: null } as const;
  return { ...name, ...nothing, runtime, ...changes };
}

const scratch: string[] = [];

/** A temporary folder that is removed after the tests of the file. */
export function makeFolder(name = "plain"): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "envpack-onboard-"));
  scratch.push(folder);
  const inner = join(folder, name);
  mkdirSync(inner, { recursive: true });
  return inner;
}

afterAll(() => {
  for (const folder of scratch.splice(0)) {
    // A test may have made it read-only.
    execFileSync("chmod", ["-R", "u+w", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * Lays out an environment's archive root: what furnish gives, a real node, and the files that are
 * named, by arcpath; contents that start with "#!" become executable.
 */
export async function layOut(
  root: string,
  environment: Environment,
  files: Readonly<Record<string, string>> = {},
  notices: Notice[] = [],
): Promise<string> {
  for (const entry of await furnish(environment, (notice) => notices.push(notice))) {
    if (entry.source.kind !== "bytes") throw new Error(`${entry.path} is not made of bytes`);
    write(join(root, entry.path), entry.source.bytes, entry.executable);
  }
  for (const [path, content] of Object.entries(files)) write(join(root, path), content, content.startsWith("#!"));
  if (environment.runtime !== null) bringNode(join(root, "bin/node"));
  return root;
}

export function write(file: string, content: string | Uint8Array, executable = false): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: executable ? 0o755 : 0o644 });
}

/** A copy of the node that runs this test, never a link: tests change the modes of what they made. */
function bringNode(file: string): void {
  copyFileSync(realpathSync(process.execPath), file, constants.COPYFILE_FICLONE);
}

export function bin(name: string, file: string, start: Bin["start"] = "node"): Bin {
  return { name, file, start };
}

/** Every kind of character that has ended a script's life. */
export const NASTY = "a b'c\"d\\e$f`g\u00e9\u6f22*[x]\n&;(z)%h!~#";
