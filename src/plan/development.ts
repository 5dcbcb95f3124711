import { readFileSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { isLauncher } from "../environment/prefixes/launcher-kinds.js";
import { readShimTarget } from "../environment/managers/shim.js";
import type { InstalledPackage } from "../environment/environment.js";
import type { Candidate } from "./candidate.js";

/** A package in a virtual store: `node_modules/.pnpm/debug@4.4.3/node_modules/debug`, and so in Bun's, Deno's and npm's; Yarn's is `.store/…/package`. */
const STORED =
  /^(.*node_modules\/(?:\.(?:pnpm|bun|deno|store)\/[^/]+(?=\/node_modules\/)|\.store\/[^/]+(?=\/package$)))\/(?:node_modules\/(?:@[^/]+\/)?[^/]+|package)$/;

/** Something right in a node_modules folder, a scope of it, or its `.bin`. */
const IN_MODULES = /(^|\/)node_modules\/(\.bin|@[^/]+)?\/?[^/]+$/;

/** Packages that are left out, as those that `--omit dev` names, and what leads to them. */
export class Development {
  readonly #folders = new Set<string>();

  /** @param packages those that are left out; the project itself is never one of them */
  constructor(packages: readonly Pick<InstalledPackage, "path">[]) {
    for (const { path } of packages) {
      this.#folders.add(path);
      // Beside the package lie links to what it depends on: they have no other purpose.
      const slot = STORED.exec(path)?.[1];
      if (slot !== undefined) this.#folders.add(slot);
    }
  }

  holds(candidate: Candidate): boolean {
    if (this.#folders.size === 0) return false;
    return this.#folders.has(candidate.path) || (IN_MODULES.test(candidate.path) && this.#leadsThere(candidate));
  }

  /** `.bin/tsc -> ../typescript/bin/tsc` goes with typescript, and so does a shim that starts it. */
  #leadsThere({ path, target, type, file }: Candidate): boolean {
    const leads = (to: string): boolean =>
      this.#covers(posix.resolve("/", posix.dirname(path), to).slice(1)) || this.#covers(realPlace(file, path, to));
    if (target !== null) return leads(target);
    if (type !== "file" || !posix.dirname(path).endsWith("/.bin") || !isLauncher("cmd-shim", file)) return false;
    const program = readShimTarget(readFileSync(file, "utf8"));
    return program !== null && leads(program);
  }

  #covers(path: string): boolean {
    const parts = path.split("/");
    return parts.some((_, index) => this.#folders.has(parts.slice(0, index + 1).join("/")));
  }
}

/** Where a target is once the links on the way are followed (`../mkdirp/cli.js`, and mkdirp is one), relative to the root; "" for nowhere. */
function realPlace(file: string, path: string, target: string): string {
  try {
    return posix.relative(file.slice(0, -path.length), realpathSync(posix.resolve(posix.dirname(file), target)));
  } catch {
    return "";
  }
}
